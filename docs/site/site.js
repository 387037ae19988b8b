// A figure that is wider than its column is shown smaller; a click, or Enter, shows it as large as it is, and again closes it.
"use strict";
(() => {
  const close = () => document.querySelectorAll(".drawing.whole").forEach(figure => figure.classList.remove("whole"));
  const toggle = figure => {
    const open = figure.classList.contains("shrunk") && !figure.classList.contains("whole");
    close();
    figure.classList.toggle("whole", open);
  };
  const measure = () => document.querySelectorAll(".drawing:not(.whole)").forEach(figure => {
    const svg = figure.querySelector("svg");
    const shrunk = !figure.closest("a, table") && svg && svg.getBoundingClientRect().width < svg.width.baseVal.value - 1;
    figure.classList.toggle("shrunk", Boolean(shrunk));
    if (shrunk) figure.tabIndex = 0; else figure.removeAttribute("tabindex");
  });
  document.addEventListener("click", event => {
    const figure = event.target.closest(".drawing");
    if (figure && !event.target.closest("a, input")) toggle(figure);
  });
  document.addEventListener("keydown", event => {
    if (event.key === "Escape") close();
    if (event.key === "Enter" && event.target.matches(".drawing")) toggle(event.target);
  });
  addEventListener("load", measure);
  addEventListener("resize", measure);
})();
