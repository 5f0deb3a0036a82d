"use strict";
(() => {
  const by = (id) => document.getElementById(id);
  const filter = () => {
    const words = by("words").value.toLowerCase().split(/\s+/).filter(Boolean);
    const state = by("state").value;
    const all = document.querySelectorAll("[data-item]");
    let shown = 0;
    for (const item of all) {
      const text = words.length ? item.textContent.toLowerCase() : "";
      const fits = words.every((word) => text.includes(word));
      item.hidden = !(fits && (!state || item.dataset.state === state));
      shown += item.hidden ? 0 : 1;
    }
    by("found").textContent = words.length || state ? `${shown} of ${all.length} entries are shown` : "";
  };
  const open = () => {
    const target = location.hash && by(decodeURIComponent(location.hash.slice(1)));
    if (target && target.tagName === "DETAILS") {
      target.open = true;
      target.scrollIntoView();
    }
  };
  const begin = () => {
    const form = by("filter");
    form.hidden = false;
    form.addEventListener("submit", (event) => event.preventDefault());
    form.addEventListener("input", filter);
    form.addEventListener("reset", () => setTimeout(filter));
  };
  begin();
  open();
  addEventListener("hashchange", open);
})();
