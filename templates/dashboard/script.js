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
  const renew = async () => {
    const answer = await fetch("/", { cache: "no-store" });
    if (!answer.ok) return;
    const next = new DOMParser().parseFromString(await answer.text(), "text/html");
    const opened = [...document.querySelectorAll("details[open]")].map((details) => details.id);
    const within = document.activeElement && document.activeElement.closest("details");
    for (const part of document.querySelectorAll("body > header, main > section")) {
      const id = part.id;
      const fresh = id ? next.getElementById(id) : next.querySelector("body > header");
      if (fresh) part.replaceWith(document.importNode(fresh, true));
    }
    for (const id of opened) {
      const details = by(id);
      if (details) details.open = true;
    }
    const again = within && by(within.id);
    if (again) again.querySelector("summary").focus({ preventScroll: true });
    filter();
  };
  const listen = () => {
    const events = new EventSource("/events");
    const say = (word) => { if (by("live").textContent !== word) by("live").textContent = word; };
    let lost = false;
    events.onopen = () => {
      say("live");
      if (lost) renew();
      lost = false;
    };
    events.onerror = () => {
      say("not reached");
      lost = true;
    };
    events.addEventListener("news", () => renew().catch(() => {}));
  };
  begin();
  if (document.documentElement.dataset.live !== undefined) listen();
  open();
  addEventListener("hashchange", open);
})();
