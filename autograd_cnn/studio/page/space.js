// The network in space: every stage a plane with its maps, the picture at the bottom, the output at the top.
import {
  BufferGeometry, CanvasTexture, Color, DoubleSide, Float32BufferAttribute, LineBasicMaterial, LineSegments, Mesh, MeshBasicMaterial, NearestFilter,
  LinearFilter, PerspectiveCamera, PlaneGeometry, Raycaster, Scene, SRGBColorSpace, Vector2, Vector3, WebGLRenderer,
} from "three";
import { OrbitControls } from "three/addons/controls/OrbitControls.js";

const WIDTH = 100; // of the widest plane

export class Space {
  constructor(canvas, maps, chosen) {
    this.canvas = canvas;
    this.maps = maps;
    this.renderer = new WebGLRenderer({ canvas, antialias: true, alpha: true });
    this.scene = new Scene();
    this.camera = new PerspectiveCamera(32, 1, 1, 8000);
    this.controls = new OrbitControls(this.camera, canvas);
    this.controls.addEventListener("change", () => this.soon());
    this.lines = new LineSegments(new BufferGeometry(), new LineBasicMaterial({ vertexColors: true }));
    this.scene.add(this.lines);
    this.labels = document.createElement("div");
    this.labels.className = "labels";
    canvas.parentElement.append(this.labels);
    this.planes = [];
    let height = 0;
    for (const m of maps) {
      const scale = Math.min(1, 1.1 / Math.max(m.width / 180, m.height / 60)), wide = Math.max(26, (WIDTH * m.width * scale) / 170);
      const deep = (wide * m.height) / m.width;
      height += m.number ? deep * 0.36 + 9 : 0;
      const texture = new CanvasTexture(m.canvas);
      texture.colorSpace = SRGBColorSpace;
      texture.magFilter = NearestFilter;
      texture.minFilter = LinearFilter;
      texture.generateMipmaps = false;
      const plane = new Mesh(new PlaneGeometry(wide, deep), new MeshBasicMaterial({ map: texture, transparent: true, side: DoubleSide }));
      plane.rotation.x = -Math.PI / 2;
      plane.position.y = height;
      height += deep * 0.36;
      plane.userData.maps = m;
      this.scene.add(plane);
      this.planes.push(plane);
      const label = document.createElement("button");
      label.textContent = m.stage.name;
      label.title = `${m.stage.does || "the picture"}: fly there`;
      label.tabIndex = -1;
      label.onclick = () => this.fly(m.number);
      this.labels.append(label);
      plane.userData.label = label;
    }
    this.height = height;
    this.scene.updateMatrixWorld(true);
    this.home();
    let down = null;
    canvas.addEventListener("pointerdown", (e) => { down = [e.clientX, e.clientY]; });
    canvas.addEventListener("click", (e) => {
      if (down && Math.hypot(e.clientX - down[0], e.clientY - down[1]) > 4) return; // that was a turn
      const found = this.pick(e.clientX, e.clientY);
      if (found) chosen(...found);
    });
    new ResizeObserver(() => this.soon()).observe(canvas);
  }

  home() {
    const far = (this.height + 30) / (2 * Math.tan((this.camera.fov * Math.PI) / 360));
    this.look(new Vector3(0, this.height / 2, 0), new Vector3(far * 0.16, this.height / 2 + far * 0.46, far * 0.86));
  }

  look(target, position) {
    this.controls.target.copy(target);
    this.camera.position.copy(position);
    this.controls.update();
    this.soon();
  }

  // Nearer to one stage, in a third of a second; at once where motion is not wanted.
  fly(number) {
    const plane = this.planes[number], target = plane.position.clone(), from = [this.controls.target.clone(), this.camera.position.clone()];
    const near = Math.max(60, plane.geometry.parameters.width * 1.5), to = target.clone().add(new Vector3(near * 0.15, near * 0.75, near * 0.85));
    if (matchMedia("(prefers-reduced-motion: reduce)").matches) return this.look(target, to);
    const start = performance.now(), step = (now) => {
      const t = Math.min(1, (now - start) / 350), e = t * t * (3 - 2 * t);
      this.look(from[0].clone().lerp(target, e), from[1].clone().lerp(to, e));
      if (t < 1) requestAnimationFrame(step);
    };
    requestAnimationFrame(step);
  }

  turn(right, up) {
    const offset = this.camera.position.clone().sub(this.controls.target);
    offset.applyAxisAngle(new Vector3(0, 1, 0), right);
    const side = new Vector3().crossVectors(offset, new Vector3(0, 1, 0)).normalize(), moved = offset.clone().applyAxisAngle(side, up);
    if (Math.abs(moved.clone().normalize().y) < 0.98) offset.copy(moved);
    this.look(this.controls.target.clone(), this.controls.target.clone().add(offset));
  }

  zoom(factor) {
    this.look(this.controls.target.clone(), this.controls.target.clone().add(this.camera.position.clone().sub(this.controls.target).multiplyScalar(factor)));
  }

  pick(x, y) {
    const box = this.canvas.getBoundingClientRect(), ray = new Raycaster();
    ray.setFromCamera(new Vector2(((x - box.left) / box.width) * 2 - 1, 1 - ((y - box.top) / box.height) * 2), this.camera);
    const hit = ray.intersectObjects(this.planes)[0];
    if (!hit) return null;
    const maps = hit.object.userData.maps, unit = maps.at(hit.uv.x, 1 - hit.uv.y);
    return unit && [maps.number, unit];
  }

  // Where an entry stands, in space.
  where(number, unit) {
    const plane = this.planes[number], [right, down] = this.maps[number].middle(unit), { width, height } = plane.geometry.parameters;
    return plane.localToWorld(new Vector3((right - 0.5) * width, (0.5 - down) * height, 0));
  }

  // Where an entry is on the screen, for whoever points at it.
  onScreen(number, unit) {
    const at = this.where(number, unit).project(this.camera), box = this.canvas.getBoundingClientRect();
    return [box.left + ((at.x + 1) / 2) * box.width, box.top + ((1 - at.y) / 2) * box.height];
  }

  // Lines from the chosen unit to what it read: [stage, unit, sign].
  edges(from, to) {
    const points = [], colours = [], plus = new Color("#ff9a3c"), minus = new Color("#4aa3ff");
    for (const [number, unit, sign] of to) {
      points.push(...this.where(...from).toArray(), ...this.where(number, unit).toArray());
      const c = sign < 0 ? minus : plus;
      colours.push(c.r, c.g, c.b, c.r, c.g, c.b);
    }
    this.lines.geometry.dispose();
    this.lines.geometry = new BufferGeometry();
    this.lines.geometry.setAttribute("position", new Float32BufferAttribute(points, 3));
    this.lines.geometry.setAttribute("color", new Float32BufferAttribute(colours, 3));
    this.soon();
  }

  fresh() {
    for (const plane of this.planes) plane.material.map.needsUpdate = true;
    this.soon();
  }

  soon() {
    if (this.waiting || this.canvas.hidden) return;
    this.waiting = requestAnimationFrame(() => { this.waiting = 0; this.render(); });
  }

  render() {
    const { clientWidth: w, clientHeight: h } = this.canvas;
    if (!w || !h) return;
    const ratio = Math.min(devicePixelRatio, 2);
    if (this.canvas.width !== Math.round(w * ratio) || this.canvas.height !== Math.round(h * ratio)) {
      this.renderer.setPixelRatio(ratio);
      this.renderer.setSize(w, h, false);
      this.camera.aspect = w / h;
      this.camera.updateProjectionMatrix();
    }
    this.renderer.render(this.scene, this.camera);
    for (const plane of this.planes) {
      const left = plane.localToWorld(new Vector3(-plane.geometry.parameters.width / 2, 0, 0)).project(this.camera), label = plane.userData.label;
      label.hidden = this.canvas.hidden || left.z > 1;
      label.style.transform = `translate(max(4px, calc(${((left.x + 1) / 2) * w}px - 100% - 8px)), calc(${this.canvas.offsetTop + ((1 - left.y) / 2) * h}px - 50%))`;
    }
    this.frames = (this.frames ?? 0) + 1;
  }
}
