// The search runs in a worker, which browsers refuse to pages on the disk (file://): there it runs in a hidden frame instead.
"use strict";
if (location.protocol === "file:") {
  window.Worker = class extends EventTarget {
    constructor(url) {
      super();
      const frame = this.frame = document.createElement("iframe");
      frame.hidden = true;
      this.ready = new Promise((resolve, reject) => {
        frame.onload = () => {
          frame.onload = null;
          const inner = this.inner = frame.contentWindow;
          const load = source => new Promise((done, failed) => {
            const script = inner.document.createElement("script");
            Object.assign(script, { src: source, onload: done, onerror: failed });
            inner.document.body.append(script);
          });
          inner.postMessage = data => this.dispatchEvent(new MessageEvent("message", { data }));
          inner.importScripts = (...sources) => sources.reduce((before, source) => before.then(() => load(source)), Promise.resolve());
          load(url).then(resolve, reject);
        };
      });
      this.ready.catch(() => this.dispatchEvent(new Event("error")));
      document.body.append(frame);
    }
    postMessage(data) {
      this.ready.then(() => this.inner.dispatchEvent(new MessageEvent("message", { data: structuredClone(data) })), () => {});
    }
    terminate() {
      this.frame.remove();
    }
  };
}
