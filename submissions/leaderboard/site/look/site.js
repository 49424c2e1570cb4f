// Sorting, filters that stand in the address, and two runs side by side. All pages are whole without it.
"use strict";
(() => {
  const state = new URLSearchParams(location.hash.slice(1));

  function remember(name, value) {
    if (value) state.set(name, value); else state.delete(name);
    const hash = state.toString();
    history.replaceState(null, "", hash ? `#${hash}` : location.pathname + location.search);
  }

  function element(name, text, attributes = {}) {
    const made = document.createElement(name);
    if (text !== undefined) made.textContent = text;
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    return made;
  }

  // --- sorting: numbers as numbers, what is missing last in both directions

  function valueOf(row, column, isNumber) {
    const cell = row.cells[column];
    if (!isNumber) return cell.textContent.trim();
    return cell.dataset.value ? Number(cell.dataset.value) : NaN;
  }

  function compare(a, b, isNumber) {
    return isNumber ? a - b : a.localeCompare(b, "en", { numeric: true, sensitivity: "base" });
  }

  function sort(table, header, isDown) {
    const isNumber = header.dataset.sort === "number";
    const body = table.tBodies[0];
    const known = [], unknown = [];
    for (const row of body.rows) {
      const value = valueOf(row, header.cellIndex, isNumber);
      (Number.isNaN(value) || value === "–" ? unknown : known).push({ row, value });
    }
    known.sort((a, b) => (isDown ? -1 : 1) * compare(a.value, b.value, isNumber));
    body.append(...known.map((each) => each.row), ...unknown.map((each) => each.row));
    for (const other of table.tHead.rows[0].cells) {
      other.removeAttribute("aria-sort");
      const arrow = other.querySelector(".arrow");
      if (arrow) arrow.textContent = "";
    }
    header.setAttribute("aria-sort", isDown ? "descending" : "ascending");
    header.querySelector(".arrow").textContent = isDown ? "▼" : "▲";
  }

  function makeSortable(table) {
    const headers = [...table.tHead.rows[0].cells].filter((each) => each.dataset.sort);
    for (const header of headers) {
      const button = element("button", header.textContent, { type: "button" });
      button.append(element("span", "", { class: "arrow", "aria-hidden": "true" }));
      header.replaceChildren(button);
      button.addEventListener("click", () => {
        const isDown = header.getAttribute("aria-sort") === "ascending";
        sort(table, header, isDown);
        remember(`sort-${table.id}`, (isDown ? "-" : "") + header.dataset.key);
      });
    }
    return headers;
  }

  function restoreOrder(table, headers) {
    const wanted = state.get(`sort-${table.id}`) || "";
    const header = headers.find((each) => each.dataset.key === wanted.replace(/^-/, ""));
    if (header) sort(table, header, wanted.startsWith("-"));
  }

  // --- filters: rows by team and status, columns by part; ranks stay what they are

  function filter(form) {
    const team = form.elements.team.value, status = form.elements.status.value;
    const part = form.elements.part ? form.elements.part.value : "";
    let found = 0, all = 0;
    for (const table of document.querySelectorAll("table.filtered")) {
      for (const row of table.tBodies[0].rows) {
        const isShown = (!team || row.dataset.team === team)
          && (!status || row.dataset.status.split(" ").includes(status));
        row.hidden = !isShown;
        found += isShown;
        all += 1;
      }
      for (const cell of table.querySelectorAll("[data-part]")) cell.hidden = part !== "" && cell.dataset.part !== part;
    }
    form.querySelector(".found").textContent = `${found} of ${all} runs`;
  }

  function restoreFilters(form) {
    for (const name of ["team", "part", "status"]) {
      const select = form.elements[name];
      if (!select) continue;
      select.value = state.get(name) || "";
      if (select.selectedIndex < 0) select.value = "";
    }
    filter(form);
  }

  function makeFilters(form) {
    form.hidden = false;
    form.addEventListener("change", (event) => {
      remember(event.target.name, event.target.value);
      filter(form);
    });
    form.addEventListener("reset", (event) => {
      event.preventDefault();
      for (const name of ["team", "part", "status"]) {
        if (form.elements[name]) form.elements[name].value = "";
        remember(name, "");
      }
      filter(form);
    });
    form.addEventListener("submit", (event) => event.preventDefault());
  }

  // --- two runs side by side

  const decimals = (value) => (value === null || value === undefined ? "–" : value.toFixed(4));
  const signed = (value) => (value < 0 ? "−" : "+") + Math.abs(value).toFixed(4);

  function pairOf(data, a, b) {
    const found = data.pairs[`${a}-${b}`], mirrored = data.pairs[`${b}-${a}`];
    if (found) return found;
    if (!mirrored) return null;
    const [difference, low, high, p, wins, ties, losses] = mirrored;
    return [-difference, high === null ? null : -high, low === null ? null : -low, p, losses, ties, wins];
  }

  function told(data, a, b) {
    const pair = pairOf(data, a, b);
    if (!pair) return "These two are compared only if both count for their teams.";
    const [difference, low, high, p, wins, ties, losses] = pair;
    const interval = low === null ? "" : ` (95 % interval ${signed(low)} to ${signed(high)})`;
    const n = (count) => count.toLocaleString("en");
    return `By ${data.metric} the first differs from the second by ${signed(difference)}${interval}; adjusted p ${decimals(p)}. `
      + `The first does better on ${n(wins)} occurrences, equally well on ${n(ties)}, worse on ${n(losses)}.`;
  }

  function line(words, a, b) {
    const row = element("tr");
    row.append(element("th", words, { scope: "row" }));
    for (const value of [a, b]) row.append(element("td", decimals(value), { class: "n" }));
    const isKnown = Number.isFinite(a) && Number.isFinite(b);
    row.append(element("td", isKnown ? signed(a - b) : "–", { class: "n" }));
    return row;
  }

  function lines(a, b) {
    const found = [];
    for (const [part, scores] of Object.entries(a.scores)) {
      for (const [metric, score] of Object.entries(scores)) {
        found.push(line(part === "whole" ? metric : `${metric}, ${part} part`, score, (b.scores[part] || {})[metric]));
      }
    }
    for (const each of a.breakdown) {
      const other = b.breakdown.find((one) => one.by === each.by && one.part === each.part);
      if (!other) continue;
      for (const [metric, score] of Object.entries(each.scores)) {
        found.push(line(`${each.by} ${each.part}: ${metric}`, score, other.scores[metric]));
      }
    }
    return found;
  }

  function nameOf(run) {
    return `${run.rank === null ? "" : `${run.rank}. `}${run.team}: ${run.run}`;
  }

  function setBeside(data, form) {
    const a = form.elements.a.value, b = form.elements.b.value;
    const head = element("tr");
    head.append(element("th", "Metric", { scope: "col" }));
    for (const number of [a, b]) {
      const cell = element("th", undefined, { scope: "col", class: "n name" });
      cell.append(element("a", nameOf(data.runs[number]), { href: data.runs[number].page }));
      head.append(cell);
    }
    head.append(element("th", "Difference", { scope: "col", class: "n" }));
    const table = element("table"), top = element("thead"), body = element("tbody");
    top.append(head);
    body.append(...lines(data.runs[a], data.runs[b]));
    table.append(top, body);
    const scroll = element("div", undefined, { class: "scroll", role: "region", tabindex: "0", "aria-label": "Both runs" });
    scroll.append(table);
    document.getElementById("beside").replaceChildren(element("p", a === b ? "Choose two runs." : told(data, a, b)), scroll);
  }

  function makeChoice(form) {
    const data = JSON.parse(document.getElementById("runs-data").textContent);
    const numbers = Object.keys(data.runs).sort((a, b) => (data.runs[a].rank ?? Infinity) - (data.runs[b].rank ?? Infinity) || a - b);
    if (numbers.length < 2) return;
    for (const [place, name] of [...["a", "b"].entries()]) {
      const select = form.elements[name];
      for (const number of numbers) select.append(element("option", nameOf(data.runs[number]), { value: number }));
      select.value = numbers.includes(state.get(name)) ? state.get(name) : numbers[place];
    }
    form.hidden = false;
    form.addEventListener("change", (event) => {
      remember(event.target.name, event.target.value);
      setBeside(data, form);
    });
    form.addEventListener("submit", (event) => event.preventDefault());
    setBeside(data, form);
  }

  // ---

  const sortable = [...document.querySelectorAll("table.sortable")].map((table) => [table, makeSortable(table)]);
  const filters = document.getElementById("filters"), choice = document.getElementById("choice");
  if (filters) makeFilters(filters);
  if (choice) makeChoice(choice);

  function restore() {
    for (const [table, headers] of sortable) restoreOrder(table, headers);
    if (filters) restoreFilters(filters);
  }

  addEventListener("hashchange", () => {
    const now = new URLSearchParams(location.hash.slice(1));
    if (now.toString() === state.toString()) return;
    for (const name of [...state.keys()]) state.delete(name);
    for (const [name, value] of now) state.set(name, value);
    restore();
  });
  restore();
})();
