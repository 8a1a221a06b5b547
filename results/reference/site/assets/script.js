// The first page's search and filters. All that it shows stands on the page already: without this script nothing is hidden.
"use strict";

(() => {
  const { claims, kernels, settings } = window.folklab;
  const byId = (id) => document.getElementById(id);
  const form = byId("find");
  const field = byId("q");
  const count = byId("count");
  const all = byId("all");
  const results = byId("results");
  const items = new Map([...all.querySelectorAll("li.claim")].map((item) => [Number(item.dataset.n), item]));
  const numbers = new Map(claims.map((claim, number) => [claim.id, number]));
  const aside = [...all.querySelectorAll(".notable, .sections")];
  const DECIDED = ["confirmed", "refuted"];
  const NAMES = ["q", "verdict", "section", "kernel", "setting", "only"];

  const state = () => {
    const given = new FormData(form);
    return Object.fromEntries(NAMES.map((name) => [name, String(given.get(name) ?? "").trim()]));
  };

  // A claim's verdict over the kernels and settings that are asked for, as the pages say it: "depends" where they disagree.
  const verdict = (claim, asked) => {
    const kernel = asked.kernel ? kernels.indexOf(asked.kernel) : -1;
    const setting = asked.setting ? settings.indexOf(asked.setting) : -1;
    const rows = claim.rows.filter(([, at, own]) => (kernel < 0 || at === kernel) && (setting < 0 || own.includes(setting)));
    const there = new Set(rows.map(([said]) => said));
    const decided = DECIDED.filter((one) => there.has(one));
    if (decided.length === 2) return "depends";
    return decided[0] ?? ["undecided", "skipped"].find((one) => there.has(one)) ?? "";
  };

  const chosen = (claim, asked) =>
    (!asked.section || claim.section === asked.section) && (!asked.only || claim.marks.includes(asked.only));

  // The index is as large as all else together: it comes when somebody begins to search.
  let index = null;
  const load = () => {
    index ??= new Promise((loaded, failed) => {
      const script = document.createElement("script");
      script.addEventListener("load", loaded);
      script.addEventListener("error", failed);
      script.src = "assets/index.js";
      document.head.append(script);
    });
    return index;
  };

  const plural = (number) => `${number} ${number === 1 ? "claim" : "claims"}`;

  const show = () => {
    const asked = state();
    if (asked.q && !window.folklabIndex) {
      load().then(show, () => (count.textContent = "assets/index.js, which the search needs, was not found beside this page."));
      return;
    }
    const verdicts = claims.map((claim) => (chosen(claim, asked) ? verdict(claim, asked) : ""));
    const found = asked.q ? searchIndex(window.folklabIndex, asked.q) : null;
    const hits = (found ? found.hits : []).map((hit) => ({ number: numbers.get(hit.document.claim), fits: hit.fits }));
    const fitting = hits.filter(({ number, fits }) => fits && verdicts[number]);
    const near = hits.filter(({ number }) => verdicts[number]).slice(0, 5);
    const searched = found ? new Set((fitting.length ? fitting : near).map(({ number }) => number)) : null;
    const tally = {};
    verdicts.forEach((said, number) => {
      if (said && (!searched || searched.has(number))) tally[said] = (tally[said] ?? 0) + 1;
    });
    const among = Object.values(tally).reduce((sum, one) => sum + one, 0);
    for (const one of form.querySelectorAll("[data-count]")) {
      one.textContent = one.dataset.count ? (tally[one.dataset.count] ?? 0) : among;
    }
    const wanted = (number) => verdicts[number] && (!asked.verdict || verdicts[number] === asked.verdict);
    if (found) list((fitting.length ? fitting : near).map(({ number }) => number).filter(wanted));
    else filter(wanted);
    all.hidden = Boolean(found);
    results.hidden = !found;
    const filtered = NAMES.some((name) => asked[name]);
    aside.forEach((one) => (one.hidden = filtered));
    say(asked, found, fitting.length, found ? results.children.length : claims.filter((_, number) => wanted(number)).length);
    remember(asked);
  };

  const list = (numbersFound) => {
    results.replaceChildren(
      ...numbersFound.map((number) => {
        const item = items.get(number).cloneNode(true);
        const question = document.createElement("span");
        question.className = "asked";
        question.textContent = items.get(number).closest(".group").querySelector("h3").textContent;
        item.querySelector(".said").prepend(question);
        item.hidden = false;
        return item;
      }),
    );
  };

  const filter = (wanted) => {
    items.forEach((item, number) => (item.hidden = !wanted(number)));
    for (const part of all.querySelectorAll(".group, .section")) part.hidden = !part.querySelector("li.claim:not([hidden])");
  };

  const say = (asked, found, fitting, shown) => {
    const read = Object.entries(found ? found.readAs : {}).map(([typed, word]) => `“${typed}” was read as “${word}”.`);
    const unknown = found && found.unknown.length ? [`No claim has ${found.unknown.map((word) => `“${word}”`).join(", ")}.`] : [];
    const nearest = found && !fitting && shown ? ["Nothing has all of it; these are the nearest."] : [];
    const filtered = NAMES.some((name) => asked[name]);
    const said = found ? `${plural(shown)} found, the best first.` : filtered ? `${shown} of ${plural(claims.length)} shown.` : "";
    const none = filtered && !shown ? ["Nothing fits. Fewer words or fewer filters show more."] : [];
    count.textContent = [...(shown ? [said] : none), ...nearest, ...read, ...unknown].join(" ");
  };

  // What is asked for stands in the address, so that it can be sent on and is there again after the way back.
  const remember = (asked) => {
    const given = new URLSearchParams(Object.entries(asked).filter(([, value]) => value)).toString();
    const there = location.hash.startsWith("#?") || location.search;
    if (given || there) history.replaceState(null, "", location.pathname + (given ? `#?${given}` : ""));
  };

  const recall = () => {
    const from = location.hash.startsWith("#?") ? location.hash.slice(2) : location.search.slice(1);
    const given = new URLSearchParams(from);
    for (const name of NAMES) {
      const value = given.get(name);
      if (value === null) continue;
      if (name !== "verdict") form.elements[name].value = value;
      else for (const one of form.elements.verdict) one.checked = one.value === value;
    }
  };

  // Up and down go from the field to the first claim, from claim to claim, and back.
  const links = () => [...document.querySelectorAll("#results:not([hidden]) .said a, #all:not([hidden]) .claim:not([hidden]) .said a")];
  const step = (event) => {
    const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    const at = links().indexOf(document.activeElement);
    if (!by || (at < 0 && document.activeElement !== field)) return;
    const next = at + by;
    event.preventDefault();
    if (next < 0) field.focus();
    else links()[Math.min(next, links().length - 1)]?.focus();
  };

  document.addEventListener("keydown", (event) => {
    const typing = /^(INPUT|SELECT|TEXTAREA)$/.test(document.activeElement.tagName);
    if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) {
      event.preventDefault();
      field.focus();
      field.select();
    } else if (event.key === "Escape" && document.activeElement === field && field.value) {
      event.preventDefault();
      field.value = "";
      show();
    } else step(event);
  });
  field.addEventListener("focus", () => load().catch(() => {}));
  form.addEventListener("input", show);
  form.addEventListener("reset", () => setTimeout(() => (show(), field.focus())));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (state().q) links()[0]?.focus();
  });
  window.addEventListener("hashchange", () => {
    if (!location.hash.startsWith("#?")) return;
    form.reset();
    recall();
    show();
  });

  document.documentElement.classList.add("script");
  form.hidden = false;
  recall();
  show();
})();
