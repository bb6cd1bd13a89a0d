// The contingency matrix: a click or Enter on a field tells its details; arrow keys move; nothing is fetched.
(() => {
  const table = document.getElementById("heat");
  const source = document.getElementById("heat-data");
  const panel = document.getElementById("heat-panel");
  if (!table || !source || !panel) return;
  const { words, cells } = JSON.parse(source.textContent);
  const grid = [];
  for (const field of table.querySelectorAll("td[data-at]")) {
    const [row, column] = field.dataset.at.split(",").map(Number);
    (grid[row] ||= [])[column] = field;
  }
  const add = (parent, tag, text, name) => {
    const made = document.createElement(tag);
    if (text) made.textContent = text;
    if (name) made.className = name;
    parent.append(made);
    return made;
  };
  const signed = (value) => (value > 0 ? "+" : value < 0 ? "−" : "") + Math.abs(value).toFixed(0);
  const added = (what, mean, low, high) =>
    `${what}: ${signed(mean)} min` + (low === null ? "" : ` (${signed(low)} to ${signed(high)})`);
  const percent = (share) => `${(100 * share).toFixed(share > 0.99 || share < 0.01 ? 1 : 0)} %`;
  const titles = {
    in_time: "· in time", late: "◐ late", nobody: "✕ somebody or something is missing",
    impossible: "cannot strike here",
  };
  const tell = (place, cell) => {
    const status = words[cell[2]];
    const part = add(place, "div", "", "case");
    add(part, "div", `${words[cell[0]]}, ${words[cell[1]]}`);
    add(part, "b", titles[status], status);
    if (status === "impossible") {
      add(part, "div", words[cell[3]]);
      return;
    }
    const [runs, inTime, low, high, target, arrival, end, endLow, endHigh, two, twoLow, twoHigh, missing] =
      cell.slice(3);
    const sure = low === null ? "" : ` (${percent(low)} to ${percent(high)})`;
    add(part, "div", `${inTime} of ${runs} forced rehearsals in time${sure}`);
    if (arrival !== null) {
      const aim = target === null ? "" : `; target ${target} min`;
      add(part, "div", `all there after ${arrival.toFixed(1)} min on average${aim}`);
    }
    if (missing.length) {
      add(part, "div", "Missing:");
      const list = add(part, "ul");
      for (const [what, share] of missing) {
        add(list, "li", words[what] + (share === null ? "" : `, in ${percent(share)} of them`));
      }
    }
    if (end !== null) add(part, "div", added("later end", end, endLow, endHigh));
    if (two !== null) add(part, "div", added("later separation", two, twoLow, twoHigh));
  };
  let chosen = null;
  const show = (field) => {
    const [row, column] = field.dataset.at.split(",").map(Number);
    if (chosen) chosen.removeAttribute("aria-selected");
    chosen = field;
    field.setAttribute("aria-selected", "true");
    panel.replaceChildren();
    add(panel, "h4", table.querySelectorAll("thead th.up span")[column].textContent);
    add(panel, "div", field.parentElement.querySelector("th").textContent);
    if (!cells[row][column].length) add(panel, "div", titles.impossible, "case");
    for (const cell of cells[row][column]) tell(panel, cell);
    add(panel, "p", "Arrival, not success.", "heat-foot");
  };
  const enter = (field) => {
    for (const other of table.querySelectorAll('td[tabindex="0"]')) other.tabIndex = -1;
    field.tabIndex = 0;
    field.focus();
  };
  if (grid[0] && grid[0][0]) grid[0][0].tabIndex = 0;
  table.addEventListener("click", (event) => {
    const field = event.target.closest("td[data-at]");
    if (!field) return;
    enter(field);
    show(field);
  });
  table.addEventListener("keydown", (event) => {
    const field = event.target.closest("td[data-at]");
    if (!field) return;
    if (event.key === "Enter" || event.key === " ") {
      event.preventDefault();
      show(field);
      return;
    }
    const step = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] }[event.key];
    if (!step) return;
    event.preventDefault();
    let [row, column] = field.dataset.at.split(",").map(Number);
    do {
      row += step[0];
      column += step[1];
    } while (grid[row]?.[column] && grid[row][column].offsetParent === null);
    if (grid[row]?.[column]) enter(grid[row][column]);
  });
  const only = document.getElementById("gaps-only");
  only.addEventListener("change", () => table.classList.toggle("gaps-only", only.checked));
})();
