// Comfort in forms and bulk actions that work without this script: searchable
// selects, NULL, JSON, UUIDs, chosen rows.
(() => {
  "use strict";
  const say = crudadminSay;
  const all = (selector, scope = document) => [...scope.querySelectorAll(selector)];
  const element = (tag, attributes, ...children) => {
    const el = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) el.setAttribute(name, value);
    el.append(...children);
    return el;
  };
  const later = (f, ms) => {
    let timer;
    return () => {
      clearTimeout(timer);
      timer = setTimeout(f, ms);
    };
  };

  // What a field does when it loses the focus may move what is below it. It waits while the pointer is down, and for
  // the click that follows: a button that moves between press and release is not clicked.
  let pressed = false;
  const waiting = [];
  const released = (f) => (pressed ? waiting.push(f) : f());
  addEventListener("pointerdown", () => (pressed = true), true);
  for (const type of ["pointerup", "pointercancel"]) addEventListener(type, () => setTimeout(() => {
    pressed = false;
    for (const f of waiting.splice(0)) f();
  }), true);

  // The searchable select of keys: a combobox with a list (WAI-ARIA Authoring Practices),
  // read in pages. The key itself is kept in the input that is there without script.
  const combobox = (scope) => {
    const key = scope.querySelector("input.input");
    const many = scope.querySelector(".picked");
    const box = key.cloneNode();
    const id = box.id;
    const label = document.querySelector(`label[for="${id}"]`)?.textContent ?? "";
    const list = element("ul", { class: "options", id: `${id}-list`, role: "listbox", "aria-label": label, hidden: "" });
    const status = element("span", { class: "sr", role: "status" });
    const labels = new Map(scope.dataset.display ? [[key.value, scope.dataset.display]] : []);
    const shown = () => labels.get(key.value) ?? key.value;
    let options = [];
    let next = "";
    let at = -1;
    let coming = false; // a further page is on its way
    let onward = false; // and the mark goes on to it
    let request;

    box.removeAttribute("name");
    box.value = shown();
    if (many) box.placeholder = say("choices.search_to_add");
    else if (!box.placeholder) box.placeholder = say("list.search");
    for (const [name, value] of Object.entries({ role: "combobox", "aria-autocomplete": "list", "aria-expanded": "false", "aria-controls": list.id, spellcheck: "false" })) box.setAttribute(name, value);
    key.type = "hidden";
    key.removeAttribute("id");
    key.after(box, list, status);

    const isOpen = () => !list.hidden;
    const close = () => {
      request?.abort();
      list.hidden = true;
      at = -1;
      box.setAttribute("aria-expanded", "false");
      box.removeAttribute("aria-activedescendant");
    };
    const mark = (i, scroll = true) => {
      at = i;
      all("[role=option]", list).forEach((li, n) => li.classList.toggle("active", n === at));
      const active = at >= 0 ? list.children[at] : null;
      if (!active) return box.removeAttribute("aria-activedescendant");
      box.setAttribute("aria-activedescendant", active.id);
      if (scroll) active.scrollIntoView({ block: "nearest" });
    };
    const show = (says) => {
      const taken = many ? all("input:checked", many).map((el) => el.value) : [key.value];
      list.replaceChildren(...options.map((o, i) => {
        const li = element("li", { role: "option", id: `${id}-${i}`, "aria-selected": String(taken.includes(o.value)) }, element("span", {}, o.label || o.value));
        const note = o.note || (o.label && o.label !== o.value ? o.value : "");
        if (note) li.append(element("small", {}, note));
        return li;
      }));
      if (says) list.append(element("li", { role: "option", "aria-disabled": "true", "aria-selected": "false", class: "says" }, says));
      list.hidden = false;
      box.setAttribute("aria-expanded", "true");
      const n = options.length;
      status.textContent = says || (next ? say("choices.count_more", { n }) : say("choices.count", { n }));
    };
    const load = async (more) => {
      request?.abort();
      request = new AbortController();
      const { signal } = request;
      coming = Boolean(more);
      if (!more) onward = false;
      let url = new URL(more || scope.dataset.choicesUrl, location.href);
      if (!more) url.searchParams.set("q", !many && box.value === shown() ? "" : box.value.trim());
      try {
        const answer = await fetch(url, { headers: { Accept: "application/json" }, signal });
        if (!answer.ok) throw new Error(answer.status === 401 ? say("choices.signed_out") : say("choices.unread", { status: String(answer.status) }));
        const page = await answer.json();
        if (signal.aborted) return;
        const before = more ? options.length : 0;
        options = more ? options.concat(page.options) : page.options;
        next = page.next || "";
        show(page.error || (options.length ? "" : say("list.none_match")));
        if (!more) mark(-1);
        else if (onward && options.length > before) mark(before);
        else mark(at, false);
        list.scrollIntoView({ block: "nearest" });
      } catch (e) {
        if (signal.aborted) return;
        options = [];
        next = "";
        show(e instanceof TypeError ? say("choices.no_answer") : e.message);
      }
      coming = onward = false;
    };
    const search = later(() => document.activeElement === box && load(), 150);
    const choose = (option) => {
      if (many) {
        const there = all("input", many).find((el) => el.value === option.value);
        if (there) there.checked = true;
        else {
          const input = element("input", { type: "checkbox", name: scope.dataset.name, value: option.value });
          input.checked = true;
          many.append(element("li", {}, element("label", {}, input, option.label || option.value)));
        }
        box.value = "";
        many.dispatchEvent(new Event("change", { bubbles: true }));
      } else {
        key.value = option.value;
        labels.set(option.value, option.label || option.value);
        box.value = shown();
        box.dispatchEvent(new Event("change", { bubbles: true }));
      }
      const record = option.label || option.value;
      status.textContent = many ? say("choices.added", { record }) : say("choices.chosen", { record });
      close();
    };
    // What was typed and not chosen counts when it names exactly one of the rows, else it is taken back.
    const settle = () => {
      const typed = box.value.trim();
      if (typed && (many || typed !== shown())) {
        const exact = options.filter((o) => o.value === typed || o.label?.toLowerCase() === typed.toLowerCase());
        if (exact.length === 1) return choose(exact[0]);
      }
      if (!typed) key.value = "";
      box.value = many ? "" : shown();
      close();
    };

    box.addEventListener("input", search);
    box.addEventListener("click", () => isOpen() || load());
    box.addEventListener("blur", () => released(settle));
    box.form.addEventListener("submit", settle);
    box.addEventListener("keydown", (e) => {
      if (e.isComposing) return;
      if (e.key === "ArrowDown" || e.key === "ArrowUp") {
        e.preventDefault();
        if (!isOpen()) return load();
        if (e.key === "ArrowDown" && at === options.length - 1 && (next || coming)) {
          onward = true;
          if (!coming) load(next);
          return;
        }
        if (options.length) mark((at + (e.key === "ArrowDown" ? 1 : at < 0 ? 0 : -1) + options.length) % options.length);
      } else if (e.key === "Enter" && isOpen()) {
        e.preventDefault();
        if (at >= 0) choose(options[at]);
        else settle();
      } else if (e.key === "Escape" && isOpen()) {
        e.stopPropagation();
        close();
      }
    });
    list.addEventListener("mousedown", (e) => e.preventDefault());
    list.addEventListener("click", (e) => {
      const i = [...list.children].indexOf(e.target.closest("li"));
      if (options[i]) choose(options[i]);
    });
    list.addEventListener("scroll", () => {
      if (next && list.scrollTop + list.clientHeight > list.scrollHeight - 40) {
        const more = next;
        next = "";
        load(more);
      }
    });
  };
  for (const scope of all("[data-choices-url]")) if (scope.dataset.choicesUrl) combobox(scope);

  // NULL empties its field and gives back what was there; typing takes NULL back.
  for (const box of all("[data-null]")) {
    const entry = box.closest(".entry");
    const fields = all("input:not([type=checkbox]), textarea, select", entry);
    const hints = fields.map((el) => el.placeholder);
    let kept = fields.map((el) => el.value);
    const show = () => fields.forEach((el, i) => {
      if (hints[i] !== undefined) el.placeholder = box.checked ? "NULL" : hints[i];
    });
    box.addEventListener("change", () => {
      if (box.checked) kept = fields.map((el) => el.value);
      fields.forEach((el, i) => {
        el.value = box.checked ? "" : kept[i];
      });
      show();
    });
    const typed = (e) => {
      if (e.target === box || !box.checked || (!e.target.value && !e.target.matches("select"))) return;
      box.checked = false;
      show();
    };
    entry.addEventListener("input", typed);
    entry.addEventListener("change", typed);
    show();
  }

  // An optional field is changed once it is touched.
  for (const box of all("[data-set]")) {
    const touched = (e) => {
      if (e.target !== box) box.checked = true;
    };
    box.closest(".row").addEventListener("input", touched);
    box.closest(".row").addEventListener("change", touched);
  }

  // JSON is checked while it is typed; the server has the last word.
  for (const area of all("[data-json]")) {
    const hint = element("p", { class: "hint says", role: "status", id: `${area.id}-json` });
    area.after(hint);
    area.setAttribute("aria-describedby", `${area.getAttribute("aria-describedby") ?? ""} ${hint.id}`.trim());
    const check = () => {
      let wrong = "";
      try {
        if (area.value.trim()) JSON.parse(area.value);
      } catch (e) {
        wrong = say("form.json_invalid", { problem: e.message });
      }
      hint.className = wrong ? "error says" : "hint says";
      hint.textContent = wrong || (area.value.trim() ? say("form.json_valid") : "");
    };
    area.addEventListener("input", later(check, 300));
    area.addEventListener("change", () => released(check));
  }

  for (const button of all("[data-uuid]")) {
    button.hidden = false;
    button.addEventListener("click", () => {
      const input = button.closest(".entry").querySelector("input");
      // A random UUID, RFC 9562 section 5.4; crypto.randomUUID needs HTTPS.
      input.value = "10000000-1000-4000-8000-100000000000".replace(/[018]/g, (c) => (c ^ (crypto.getRandomValues(new Uint8Array(1))[0] & (15 >> (c / 4)))).toString(16));
      input.dispatchEvent(new Event("input", { bubbles: true }));
    });
  }

  // A form that was changed says how much, marks what, and asks before it is left.
  for (const form of all("form[data-leave]")) {
    const count = element("span", { class: "unsaved", role: "status" });
    const entries = () => {
      const found = new Map();
      for (const [name, value] of new FormData(form)) {
        if (/^(csrf_token|row\.)/.test(name)) continue;
        found.set(name, `${found.get(name) ?? ""}\n${value instanceof File ? `${value.name} ${value.size}` : value}`);
      }
      return found;
    };
    const row = (name) => form.querySelector(`[name="${CSS.escape(name)}"]`)?.closest(".row");
    const before = entries();
    let sent = false;
    const changed = () => {
      const now = entries();
      return new Set([...before.keys(), ...now.keys()].filter((name) => before.get(name) !== now.get(name)).map((name) => row(name) ?? name));
    };
    const show = () => {
      const rows = changed();
      for (const el of all(".row", form)) el.classList.toggle("changed", rows.has(el));
      count.textContent = rows.size ? say("form.unsaved", { n: rows.size }) : "";
    };
    document.querySelector("h1")?.after(count);
    for (const type of ["input", "change", "focusout", "click"]) form.addEventListener(type, () => setTimeout(show));
    addEventListener("submit", (e) => { // after those that may stop it
      // One that is stopped, as the second of a double click, says nothing of the first, which goes.
      if (e.target !== form || e.defaultPrevented) return;
      sent = true;
      setTimeout(() => {
        sent = false;
      }, 5000); // the browser asks at once or not at all, and the answer may be no page
    });
    addEventListener("pageshow", () => {
      sent = false;
      show();
    });
    addEventListener("beforeunload", (e) => {
      // Browsers ask only where somebody has touched the page, and complain otherwise.
      if (!sent && navigator.userActivation?.hasBeenActive !== false && (form.dataset.leave || changed().size)) e.preventDefault();
    });
  }

  // A form is sent once, also by an impatient double click; Ctrl+Enter sends it from any field.
  for (const form of all("form[data-single]")) {
    let sent = false;
    form.addEventListener("submit", (e) => {
      if (sent) return e.preventDefault();
      const free = () => {
        sent = false;
      };
      sent = true;
      setTimeout(free, 5000); // as the sending may have been stopped
      addEventListener("pageshow", free, { once: true });
    });
    form.addEventListener("keydown", (e) => {
      if (e.key === "Enter" && (e.ctrlKey || e.metaKey)) form.requestSubmit();
    });
  }

  // Chosen rows: all of the page, a range with Shift, x on a row; then all that match.
  const bulk = document.querySelector("#bulk");
  if (bulk) {
    const boxes = all('.choose input[name="key"]');
    const head = document.querySelector("[data-choose-all]");
    const every = bulk.querySelector("label input");
    const said = bulk.querySelector(".chosen");
    const question = said.textContent;
    let last = -1;
    const update = () => {
      const n = boxes.filter((el) => el.checked).length;
      for (const el of boxes) el.disabled = every.checked;
      head.checked = n === boxes.length || every.checked;
      head.indeterminate = !head.checked && n > 0;
      every.parentElement.hidden = !head.checked;
      for (const button of all("button", bulk)) button.disabled = !n && !every.checked;
      const text = every.checked ? say("list.all_chosen") : n ? say("list.chosen", { n }) : question;
      if (said.textContent !== text) said.textContent = text;
    };
    head.hidden = false;
    head.addEventListener("change", () => {
      every.checked = false;
      for (const el of boxes) el.checked = head.checked;
      update();
    });
    every.addEventListener("change", update);
    boxes.forEach((el, i) => el.addEventListener("click", (e) => {
      if (e.shiftKey && last >= 0) {
        for (const other of boxes.slice(Math.min(i, last), Math.max(i, last) + 1)) other.checked = el.checked;
      }
      last = i;
      update();
    }));
    document.addEventListener("keydown", (e) => {
      if (e.key === "x" && !e.ctrlKey && !e.metaKey && !e.altKey && e.target.matches?.("[data-row]")) e.target.closest("tr").querySelector(".choose input")?.click();
    });
    addEventListener("pageshow", update);
    update();
  }
})();
