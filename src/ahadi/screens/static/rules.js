// The table of rules: cells open in a dialog, arrows go from cell to cell, rows move by drag and by keys.
// Without this file every cell is a link to a page of its own and every row has its buttons.
// @ts-check
"use strict";
(() => {
  /** @returns {HTMLTableElement | null} */
  const grid = () => /** @type {any} */ (document.querySelector("#grid[role=grid]"));
  if (!document.getElementById("rules")) return;

  /** Where one is: the row's key and the column. */
  let here = { row: "", cell: "name" };
  /** @type {string[]} */ let before = [];

  const rows = () => /** @type {HTMLTableRowElement[]} */ ([...(grid()?.tBodies[0].rows || [])]);
  /** @param {Element | undefined} row @returns {HTMLAnchorElement[]} */
  const cells = (row) => row ? [.../** @type {any} */ (row.querySelectorAll("a.cell"))].filter((each) => each.getClientRects().length) : [];
  /** @param {Element | null} cell @returns {HTMLTableRowElement | null} */
  const rowOf = (cell) => /** @type {any} */ (cell?.closest("tr[data-row]") ?? null);

  /** One cell is reached by Tab; the arrows go on from there. */
  function rove() {
    const all = rows().flatMap(cells);
    const kept = all.find((each) => each.id === `c-${here.row}-${here.cell}`) || all[0];
    for (const each of all) each.tabIndex = each === kept ? 0 : -1;
  }

  /** @param {HTMLElement | undefined} cell */
  function go(cell) {
    if (!cell) return;
    here = { row: rowOf(cell)?.dataset.row || "", cell: cell.dataset.cell || "name" };
    rove();
    cell.focus();
  }

  /** @param {string} address */
  const open = (address) => /** @type {any} */ (window).htmx.ajax("GET", address, {
    target: "#dialog", swap: "innerHTML", headers: { "HX-Target": "div#dialog" },
  });

  /** Press a button of a row's own form. @param {Element} row @param {string} what @param {Record<string, string>} [more] */
  function press(row, what, more = {}) {
    const form = /** @type {HTMLFormElement | null} */ (row.querySelector("form"));
    if (!form) return;
    for (const [name, value] of Object.entries({ do: what, ...more })) {
      const field = document.createElement("input");
      field.type = "hidden";
      field.name = name;
      field.value = value;
      form.append(field);
    }
    form.requestSubmit();
  }

  document.addEventListener("click", (event) => {
    const cell = /** @type {Element} */ (event.target).closest?.("#grid a.cell");
    if (!(cell instanceof HTMLAnchorElement) || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    here = { row: rowOf(cell)?.dataset.row || "", cell: cell.dataset.cell || "name" };
    rove();
    open(cell.href);
  });
  document.addEventListener("focusin", (event) => {
    const cell = /** @type {Element} */ (event.target).closest?.("#grid a.cell");
    if (cell instanceof HTMLAnchorElement) here = { row: rowOf(cell)?.dataset.row || "", cell: cell.dataset.cell || "name" };
  });
  // A condition that was chosen from the list is where one is from then on.
  document.addEventListener("click", (event) => {
    const chosen = /** @type {HTMLElement | null} */ (/** @type {Element} */ (event.target).closest?.("#dialog [data-cell]"));
    if (chosen) here.cell = chosen.dataset.cell || here.cell;
  });

  /** @param {HTMLAnchorElement} cell @param {number} down */
  function vertical(cell, down) {
    const list = rows(), row = list[list.indexOf(/** @type {any} */ (rowOf(cell))) + down];
    const column = cells(row).find((each) => each.dataset.cell === cell.dataset.cell);
    go(column || cells(row)[0]);
  }

  /** @param {KeyboardEvent} event @param {HTMLAnchorElement} cell @param {HTMLTableRowElement} row @returns {boolean} */
  function handled(event, cell, row) {
    const list = cells(row), at = list.indexOf(cell), control = event.ctrlKey || event.metaKey;
    const right = document.documentElement.dir === "rtl" ? -1 : 1;
    switch (event.key) {
      case "ArrowRight": go(list[at + right]); return true;
      case "ArrowLeft": go(list[at - right]); return true;
      case "ArrowDown": if (event.altKey) press(row, "down"); else vertical(cell, 1); return true;
      case "ArrowUp": if (event.altKey) press(row, "up"); else vertical(cell, -1); return true;
      case "Home": go(control ? cells(rows()[0])[0] : list[0]); return true;
      case "End": go(control ? cells(rows().at(-1)).at(-1) : list.at(-1)); return true;
      case "F2": case " ": open(cell.href); return true;
      case "Insert": press(row, "add"); return true;
      case "Delete": case "Backspace":
        if (event.shiftKey) press(row, "remove");
        else if (!["name", "department", "more"].includes(cell.dataset.cell || "")) press(row, "clear", { column: cell.dataset.cell || "" });
        return true;
      case "d": if (control) { press(row, "copy"); return true; } return false;
      case "z": if (control) { /** @type {HTMLElement | null} */ (document.querySelector("[data-undoes]"))?.click(); return true; } return false;
      default: return false;
    }
  }
  document.addEventListener("keydown", (event) => {
    const cell = event.target, row = cell instanceof HTMLAnchorElement && cell.matches("#grid a.cell") ? rowOf(cell) : null;
    if (!row || !handled(event, /** @type {HTMLAnchorElement} */ (cell), row)) return;
    event.preventDefault();
    event.stopPropagation();
  }, true);

  // Rows by drag -----------------------------------------------------------------------------------------------

  /** @type {HTMLTableRowElement | null} */ let dragged = null;
  const unmark = () => rows().forEach((each) => each.classList.remove("is-over", "is-dragged"));
  document.addEventListener("dragstart", (event) => {
    const handle = /** @type {Element} */ (event.target).closest?.("#grid .grid-number");
    dragged = handle ? rowOf(handle) : null;
    if (!dragged || !event.dataTransfer) return;
    event.dataTransfer.effectAllowed = "move";
    event.dataTransfer.setData("text/plain", dragged.dataset.row || "");
    dragged.classList.add("is-dragged");
  });
  document.addEventListener("dragover", (event) => {
    const over = dragged && /** @type {Element} */ (event.target).closest?.("#grid");
    if (!dragged || !over) return;
    event.preventDefault();
    unmark();
    dragged.classList.add("is-dragged");
    rowOf(/** @type {Element} */ (event.target))?.classList.add("is-over");
  });
  document.addEventListener("drop", (event) => {
    const moving = dragged, onto = rowOf(/** @type {Element} */ (event.target));
    if (!moving || !onto) return;
    event.preventDefault();
    here = { row: moving.dataset.row || "", cell: here.cell };
    // Onto one further down: below it; onto one further up: above it.
    const list = rows(), down = list.indexOf(onto) > list.indexOf(moving);
    const next = down ? list[list.indexOf(onto) + 1] : onto;
    if (onto !== moving) press(moving, "before", { before: next?.dataset.row || "" });
  });
  document.addEventListener("dragend", () => { dragged = null; unmark(); });

  // After something changed ------------------------------------------------------------------------------------

  const keys = () => rows().map((each) => each.dataset.row || "");
  const posts = (/** @type {Event} */ event) => /** @type {any} */ (event).detail?.ctx?.request?.method === "POST";
  // What was there before a deed; the page may look anew, and see it done, before the deed itself is answered.
  document.addEventListener("htmx:before:request", (event) => { if (posts(event)) before = keys(); });
  document.addEventListener("htmx:after:swap", (event) => {
    const fresh = before.length ? keys().filter((each) => !before.includes(each)) : [];
    if (posts(event) && !document.querySelector("#dialog dialog")) {
      if (fresh.length === 1) here = { row: fresh[0], cell: "name" };
      // A row that is gone gives its place to the one below it.
      const list = rows(), was = Math.max(0, before.indexOf(here.row));
      const row = list.find((each) => each.dataset.row === here.row) || list[Math.min(was, list.length - 1)];
      go(cells(row).find((each) => each.dataset.cell === here.cell) || cells(row)[0]);
      before = keys();
    } else rove();
  });
  document.addEventListener("close", (event) => {
    if (event.target instanceof HTMLDialogElement) document.getElementById(`c-${here.row}-${here.cell}`)?.focus();
  }, true);
  rove();
})();
