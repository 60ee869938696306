// Loaded in <head>, before the first paint, so that the chosen theme does not flash. Everything here is comfort:
// without it the pages show their whole menu, follow the system's theme and have a button on each form.
(function () {
  "use strict";
  const root = document.documentElement;
  const THEME = "theme"; // Django's administration keeps its own choice under the same name

  function stored() {
    try {
      const theme = localStorage.getItem(THEME);
      return theme === "light" || theme === "dark" ? theme : null;
    } catch {
      return null; // storage forbidden: follow the system
    }
  }

  function isDark() {
    return root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  }

  function setTheme(theme) {
    root.dataset.theme = theme;
    try {
      localStorage.setItem(THEME, theme);
    } catch {
      // the choice lasts as long as the page
    }
  }

  root.classList.add("has-script");
  if (stored()) root.dataset.theme = stored();

  function reveal(part) {
    part.querySelectorAll("[data-needs-script]").forEach((element) => { element.hidden = false; });
  }

  document.addEventListener("htmx:load", (event) => reveal(event.detail.elt));
  document.addEventListener("DOMContentLoaded", function () {
    reveal(document);
    document.querySelectorAll("[data-shortcuts]").forEach((box) => { box.checked = usesShortcuts(); });
    document.querySelectorAll("[data-toggle-theme]").forEach((button) => {
      button.setAttribute("aria-pressed", String(isDark()));
    });
  });

  document.addEventListener("click", function (event) {
    const theme = event.target.closest("[data-toggle-theme]");
    if (theme) {
      setTheme(isDark() ? "light" : "dark");
      theme.setAttribute("aria-pressed", String(isDark()));
    }
    const menu = event.target.closest("[data-toggle-menu]");
    if (menu) {
      const body = document.getElementById(menu.getAttribute("aria-controls"));
      menu.setAttribute("aria-expanded", String(body.classList.toggle("is-open")));
    }
    if (event.target.closest("[data-print]")) window.print();
    event.target.closest("[data-dismiss]")?.closest(".message").remove();
    const dialog = event.target.closest("[data-dialog]");
    if (dialog) document.getElementById(dialog.dataset.dialog).showModal();
    document.querySelectorAll("details[data-closes][open]").forEach((menu) => {
      if (!menu.contains(event.target)) menu.open = false;
    });
    const set = event.target.closest("[data-set]");
    if (set) {
      event.preventDefault();
      tryValues(set.form, new URLSearchParams(set.dataset.set));
    }
    const copy = event.target.closest("[data-copy]");
    if (copy) {
      navigator.clipboard.writeText(document.getElementById(copy.dataset.copy).textContent).then(function () {
        copy.textContent = copy.dataset.copied;
      });
    }
  });

  // One step of a person's page, tried from the real values: its fields are set as if they had been typed.
  function tryValues(form, values) {
    form.reset();
    form.closest("details").open = true;
    values.forEach((value, name) => {
      const field = form.elements[name];
      if (!field) return; // moved along with the others by the server
      field.value = value;
      (field.length && !field.options ? field[0] : field).dispatchEvent(new Event("input", { bubbles: true }));
    });
  }

  // A menu closes with Escape, and gives the keyboard back to what opened it.
  document.addEventListener("keydown", function (event) {
    const menu = event.key === "Escape" && document.activeElement?.closest("details[data-closes][open]");
    if (!menu) return;
    menu.open = false;
    menu.querySelector("summary").focus();
  });

  // The list by keyboard: from person to person, to the search, to the help. Whoever does not want single keys, or
  // dictates to the machine, switches them off in the help.
  const SHORTCUTS = "shortcuts";
  function usesShortcuts() {
    try {
      return localStorage.getItem(SHORTCUTS) !== "off";
    } catch {
      return true;
    }
  }

  function step(by) {
    const people = [...document.querySelectorAll("[data-person]")];
    const row = document.activeElement?.closest("tr");
    const here = people.findIndex((person) => person.closest("tr") === row);
    people[Math.min(Math.max(here + by, 0), people.length - 1)]?.focus();
  }

  const KEYS = {
    j: () => step(1),
    k: () => step(-1),
    x: () => document.activeElement?.closest("tr")?.querySelector("[data-select]")?.click(),
    "/": () => document.querySelector("[data-search]").focus(),
    "?": () => document.getElementById("shortcuts").showModal(),
  };
  document.addEventListener("keydown", function (event) {
    const isTyping = event.target.matches("input:not([type=checkbox]), select, textarea, dialog *");
    const isOther = event.ctrlKey || event.metaKey || event.altKey || isTyping || !KEYS[event.key];
    if (isOther || !document.getElementById("shortcuts") || !usesShortcuts()) return;
    event.preventDefault();
    KEYS[event.key]();
  });

  // What is selected is counted on the button that compares it.
  function countSelected() {
    const selected = document.querySelectorAll("[data-select]:checked").length;
    document.querySelectorAll("[data-selected]").forEach((place) => { place.textContent = selected ? `(${selected})` : ""; });
  }
  document.addEventListener("change", function (event) {
    const field = event.target;
    if (field.matches("[data-select]")) countSelected();
    if (field.matches("[data-shortcuts]")) {
      try {
        localStorage.setItem(SHORTCUTS, field.checked ? "on" : "off");
      } catch {
        // the choice is asked for again
      }
    }
    if (field.matches(".filter-bar select")) field.classList.toggle("is-set", field.value !== "");
  });

  // Charts: the value of a mark beside it, on hover and touch, and by keyboard with the arrows; Escape hides it.
  const tip = document.createElement("div");
  tip.className = "tip";
  tip.setAttribute("role", "status");
  tip.hidden = true;
  let told = null; // the mark whose value is shown

  function tell(mark) {
    if (mark === told) return;
    told?.classList.remove("is-shown");
    told = mark;
    tip.hidden = !mark;
    if (!mark) return;
    mark.classList.add("is-shown");
    if (!tip.isConnected) document.body.append(tip);
    tip.textContent = mark.dataset.tip;
    place();
  }

  function place() {
    const box = told.getBoundingClientRect();
    const own = tip.getBoundingClientRect();
    const left = box.left + (box.width - own.width) / 2;
    const above = box.top - own.height - 8;
    tip.style.left = `${Math.max(4, Math.min(left, innerWidth - own.width - 4))}px`;
    tip.style.top = `${above < 4 ? box.bottom + 8 : above}px`;
  }

  const REACH = 24; // pixels from a mark, as wide as a finger needs
  function nearest(chart, x, y) {
    let [found, least] = [null, REACH];
    chart.querySelectorAll("[data-tip]").forEach(function (mark) {
      const box = mark.getBoundingClientRect();
      const away = Math.hypot(Math.max(box.left - x, 0, x - box.right), Math.max(box.top - y, 0, y - box.bottom));
      if (away < least) [found, least] = [mark, away];
    });
    return found;
  }

  ["pointermove", "pointerdown"].forEach((name) => document.addEventListener(name, function (event) {
    const chart = event.target.closest?.(".chart svg");
    if (chart) tell(nearest(chart, event.clientX, event.clientY));
    else if (told && !tip.contains(event.target) && !told.closest(":focus-visible")) tell(null);
  }));
  // The keyboard brings a chart into view: its value goes along. A pointer has left it.
  document.addEventListener("scroll", function () {
    if (told?.closest(":focus-visible")) place();
    else tell(null);
  }, { passive: true });
  document.addEventListener("focusin", function (event) {
    const focused = event.target.closest?.(".chart svg, .chart svg a");
    if (focused?.matches(":focus-visible")) tell(focused.querySelector("[data-tip]"));
  });
  document.addEventListener("focusout", (event) => { if (event.target.closest?.(".chart svg")) tell(null); });

  const STEPS = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 };
  document.addEventListener("keydown", function (event) {
    if (event.key === "Escape") tell(null);
    if (!STEPS[event.key] || !event.target.matches(".chart svg")) return;
    event.preventDefault();
    const marks = [...event.target.querySelectorAll("[data-tip]")];
    const here = marks.indexOf(told);
    tell(marks[Math.min(Math.max(here + STEPS[event.key], 0), marks.length - 1)] ?? null);
  });

  // A slider and its number field say the same; only the field is sent.
  document.addEventListener("input", function (event) {
    const id = event.target.dataset.slider;
    if (id) document.getElementById(id).value = event.target.value;
    const slider = document.querySelector(`[data-slider="${CSS.escape(event.target.id || "none")}"]`);
    if (slider) slider.value = event.target.value;
  });

  // On a slow connection a page is read and used before htmx is there: what it would have heard is said again.
  const unheard = new Set();
  function note(event) {
    if (event.target.form?.matches("[hx-trigger]")) unheard.add(event.target);
  }
  document.addEventListener("input", note);
  document.addEventListener("htmx:load", function () {
    document.removeEventListener("input", note);
    unheard.forEach((field) => {
      ["input", "change"].forEach((name) => field.dispatchEvent(new Event(name, { bubbles: true })));
    });
  }, { once: true });

  // What updates in place says so when no answer came.
  ["htmx:afterRequest", "htmx:sendError", "htmx:sendAbort"].forEach((name) => document.addEventListener(name, (event) => {
    const failed = document.getElementById(event.target.dataset.tellsFailure);
    if (failed) failed.hidden = event.detail.successful === true || name === "htmx:sendAbort";
  }));

  // What was just asked is not asked again: Enter after an answer, or pressed twice, would log a second simulation.
  const asked = new WeakMap(); // by form: the values it sent last
  function isRepeated(form, values) {
    const text = new URLSearchParams(values).toString();
    const isSame = asked.get(form) === text;
    asked.set(form, text);
    return isSame;
  }
  document.addEventListener("htmx:beforeRequest", function (event) {
    if (event.target.matches("form[data-tells-failure]") && isRepeated(event.target, event.detail.requestConfig.formData)) {
      event.preventDefault();
    }
  });
  document.addEventListener("htmx:afterRequest", function (event) {
    if (!event.detail.successful) asked.delete(event.target);
  });
  document.addEventListener("submit", function (event) {
    const form = event.target;
    if (!form.matches("form[data-asks-once]")) return;
    if (isRepeated(form, new FormData(form))) event.preventDefault();
    setTimeout(function () { asked.delete(form); }, 2000); // a page that did not come can be asked for again
  });

  // A view that is saved is the list as it is shown now.
  document.addEventListener("htmx:pushedIntoHistory", function () {
    const query = document.getElementById("view-query");
    if (query) query.value = location.search;
  });

  // The session ended meanwhile: the sign-in page does not belong inside the page that asked.
  document.addEventListener("htmx:beforeSwap", function (event) {
    if (!event.detail.xhr.responseURL || !new URL(event.detail.xhr.responseURL).pathname.endsWith("/login/")) return;
    event.detail.shouldSwap = false;
    location.assign(location.pathname + location.search);
  });

  // A filter form sends itself when a choice changes; its button stays for those without scripts.
  document.addEventListener("change", function (event) {
    const form = event.target.closest("form[data-submit-on-change]");
    if (form) form.requestSubmit();
  });
})();
