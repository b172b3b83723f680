// Comfort on top of pages that work without this script: theme switch, local
// times, filters of lists, keyboard, confirmation.
(() => {
  "use strict";
  const say = crudadminSay;
  const root = document.documentElement;
  const all = (selector, scope = document) => [...scope.querySelectorAll(selector)];
  const typing = (el) => el.closest?.("input:not([type=checkbox]), select, textarea, [contenteditable]");

  // Theme: system, light, dark; kept in a cookie so that the server sends the page in it.
  const themes = ["", "light", "dark"];
  const names = { "": say("theme.system"), light: say("theme.light"), dark: say("theme.dark") };
  for (const button of all(".theme-switch")) {
    const show = () => {
      const theme = names[root.dataset.theme || ""];
      button.title = say("theme.now", { theme });
      button.setAttribute("aria-label", say("theme.change", { theme }));
    };
    button.hidden = false;
    button.addEventListener("click", () => {
      const next = themes[(themes.indexOf(root.dataset.theme || "") + 1) % themes.length];
      if (next) root.dataset.theme = next;
      else delete root.dataset.theme;
      const secure = location.protocol === "https:" ? "; secure" : "";
      document.cookie = `crudadmin_theme=${next}; path=${root.dataset.base}; max-age=${next ? 31536000 : 0}; samesite=lax${secure}`;
      show();
    });
    show();
  }

  // Times in the viewer's zone; the exact UTC stays in the title.
  const two = (n) => String(n).padStart(2, "0");
  const relative = new Intl.RelativeTimeFormat(root.lang, { numeric: "auto" });
  const zone = (d) => new Intl.DateTimeFormat(root.lang, { timeZoneName: "short" }).formatToParts(d).find((p) => p.type === "timeZoneName").value;
  const units = [["day", 86400], ["hour", 3600], ["minute", 60]];
  const ago = (d) => {
    const seconds = (d - Date.now()) / 1000;
    for (const [unit, size] of units) {
      if (Math.abs(seconds) >= size) return relative.format(Math.trunc(seconds / size), unit);
    }
    return seconds < 0 ? say("time.just_now") : say("time.in_a_moment");
  };
  for (const el of all("time[datetime]")) {
    const d = new Date(el.dateTime);
    if (isNaN(d)) continue;
    let text = `${String(d.getFullYear()).padStart(4, "0")}-${two(d.getMonth() + 1)}-${two(d.getDate())} ${two(d.getHours())}:${two(d.getMinutes())}`;
    if ("full" in el.dataset) text += `:${two(d.getSeconds())} ${zone(d)}`;
    el.textContent = el.hasAttribute("data-ago") && Math.abs(d - Date.now()) < 7 * 86400e3 ? ago(d) : text;
  }

  // Boxes that narrow a long list on the page.
  for (const input of all("[data-filter]")) {
    const items = all(input.dataset.filter, input.closest("[data-filter-scope]"));
    if (items.length < 9) continue;
    input.closest("[hidden]").hidden = false;
    input.addEventListener("input", () => {
      const wanted = input.value.trim().toLowerCase();
      for (const item of items) item.hidden = !item.textContent.toLowerCase().includes(wanted);
    });
    input.addEventListener("keydown", (e) => {
      if (e.key !== "Enter") return;
      e.preventDefault();
      items.find((item) => !item.hidden)?.querySelector("a")?.click();
    });
  }

  // The filter form offers the comparisons that fit the column.
  for (const form of all("[data-filter-form]")) {
    const { filter_column: column, filter_op: op, filter_value: value } = form.elements;
    const fit = () => {
      const chosen = column.selectedOptions[0];
      if (!chosen) return;
      const ops = chosen.dataset.ops?.split(" ");
      for (const option of op.options) option.hidden = option.disabled = ops ? !ops.includes(option.value) : false;
      if (op.selectedOptions[0]?.disabled) op.value = [...op.options].find((o) => !o.disabled)?.value ?? "";
      value.parentElement.hidden = op.selectedOptions[0] ? "noValue" in op.selectedOptions[0].dataset : false;
      value.inputMode = chosen.dataset.type === "number" ? "decimal" : "";
      value.type = chosen.dataset.type === "date" && op.value !== "in" ? "date" : "text";
    };
    column.addEventListener("change", fit);
    op.addEventListener("change", fit);
    if (!form.querySelector("[aria-invalid]")) fit();
  }

  // Menus close on a click elsewhere and on Escape; opening one focuses its first control.
  const closeMenus = (except) => all("details.menu[open]").forEach((menu) => menu !== except && (menu.open = false));
  document.addEventListener("click", (e) => closeMenus(e.target.closest("details.menu")));
  for (const menu of all("details.menu")) {
    menu.addEventListener("toggle", () => menu.open && menu.querySelector(".panel input:not([type=hidden]), .panel select")?.focus());
  }

  // Sorting: Shift+click adds a column to the sort.
  document.addEventListener("click", (e) => {
    const link = e.shiftKey && e.target.closest("a[data-add-url]");
    if (!link) return;
    e.preventDefault();
    location.href = link.dataset.addUrl;
  });

  // Rows: a click anywhere opens the record; within a table arrows or j and k move
  // between rows.
  const move = (step) => {
    const links = all("[data-row]");
    const at = links.indexOf(document.activeElement);
    const next = links[at < 0 ? (step > 0 ? 0 : links.length - 1) : at + step];
    next?.focus();
    next?.scrollIntoView({ block: "nearest", inline: "nearest" });
    return next;
  };
  for (const table of all("[data-rows]")) {
    table.addEventListener("click", (e) => {
      if (e.defaultPrevented || e.target.closest("a, button, input, label, summary") || String(getSelection())) return;
      const link = e.target.closest("tbody tr")?.querySelector("[data-row]");
      if (!link) return;
      if (e.metaKey || e.ctrlKey) window.open(link.href, "_blank", "noopener");
      else link.click();
    });
  }

  document.addEventListener("keydown", (e) => {
    if (e.ctrlKey || e.metaKey || e.altKey || e.isComposing) return;
    if (e.key === "Escape") {
      const menu = e.target.closest?.("details.menu[open]");
      closeMenus();
      menu?.querySelector("summary").focus();
      return;
    }
    if (typing(e.target) || document.querySelector("dialog[open]")) return;
    const inTable = e.target.closest?.(".table-wrap");
    const onRow = e.target.matches?.("[data-row]");
    if (e.key === "/") {
      const box = all("[data-search]").find((el) => el.checkVisibility());
      if (!box) return;
      e.preventDefault();
      box.focus();
      box.select();
    } else if ((e.key === "j" && inTable) || (e.key === "ArrowDown" && onRow)) {
      if (move(1)) e.preventDefault();
    } else if ((e.key === "k" && inTable) || (e.key === "ArrowUp" && onRow)) {
      if (move(-1)) e.preventDefault();
    }
  });
  for (const key of all("kbd[hidden]")) key.hidden = false;

  // Buttons that end something ask first.
  const element = (tag, className, text) => Object.assign(document.createElement(tag), { className, textContent: text });
  document.addEventListener("click", (e) => {
    const button = e.target.closest("button[data-confirm]");
    if (!button || button.dataset.confirmed) return;
    e.preventDefault();
    const dialog = element("dialog", "", "");
    const question = element("p", "", button.dataset.confirm);
    const form = element("form", "actions", "");
    const cancel = element("button", "button", say("page.cancel"));
    const go = element("button", "button danger", button.dataset.confirmLabel || say("ask.go_on"));
    question.id = "confirm-question";
    dialog.setAttribute("aria-labelledby", question.id);
    form.method = "dialog";
    cancel.value = "cancel";
    go.value = "go";
    cancel.autofocus = true;
    form.append(cancel, go);
    dialog.append(question, form);
    document.body.append(dialog);
    dialog.addEventListener("close", () => {
      dialog.remove();
      button.focus();
      if (dialog.returnValue !== "go") return;
      button.dataset.confirmed = "true";
      button.click();
      delete button.dataset.confirmed;
    });
    dialog.showModal();
  });
})();
