"use strict";
(() => {
  const MOST_ROWS = 20;
  const PHONE_WIDTH = 480;
  const DAY = 24 * 60 * 60 * 1000;
  const SECONDS_STEPS = [
    0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600,
    43200, 86400, 172800, 604800,
  ];
  const report = JSON.parse(document.getElementById("data").textContent);
  const collator = new Intl.Collator("en", { numeric: true });

  // Elements are made of texts, never of HTML, so that no name in a report can become code.
  function element(name, properties = {}, ...children) {
    const made = document.createElement(name);
    for (const [key, value] of Object.entries(properties)) {
      if (key in made) made[key] = value;
      else made.setAttribute(key, value);
    }
    made.append(...children);
    return made;
  }

  // Tables, tooltips and axes say a value in the same words, which are those of values.py.
  function formatValue(value, kind) {
    if (value === null || value === undefined) return "–";
    if (kind === "moment") return String(value).slice(0, 16).replace("T", " ");
    if (kind === "flag") return value ? "yes" : "no";
    if (kind === "weekday") return ["", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"][value];
    if (typeof value !== "number") return String(value);
    return (value < 0 ? "−" : "") + formatAmount(Math.abs(value), kind);
  }

  // The sign is apart, so that it is a minus and not a hyphen.
  function formatAmount(amount, kind) {
    if (kind === "share") return formatShare(amount);
    if (kind === "seconds") return formatSeconds(amount);
    if (kind === "hours") return `${rounded(amount, amount >= 1 ? 1 : 2)} h`;
    return rounded(amount, 2);
  }

  // A few failures in many runs are not none.
  function formatShare(share) {
    const percent = Math.round(share * 1000) / 10;
    if (share < 1 && percent >= 100) return "> 99.9 %";
    if (share && !percent) return "< 0.1 %";
    return `${percent.toLocaleString("en", { minimumFractionDigits: 1, useGrouping: false })} %`;
  }

  // Two units say enough of any duration.
  function formatSeconds(seconds) {
    if (seconds < 10) {
      return seconds >= 0.05 || !seconds ? `${rounded(seconds, 1)} s` : "< 0.1 s";
    }
    const whole = Math.round(seconds);
    const minutes = Math.round(seconds / 60);
    if (whole < 60) return `${whole} s`;
    if (whole < 3600) return twoUnits(whole, 60, "min", "s");
    if (minutes < 24 * 60) return twoUnits(minutes, 60, "h", "min");
    return twoUnits(Math.round(seconds / 3600), 24, "d", "h");
  }

  // A rest of nothing is left out.
  function twoUnits(amount, size, large, small) {
    const rest = amount % size ? ` ${amount % size} ${small}` : "";
    return `${rounded(Math.floor(amount / size), 0)} ${large}${rest}`;
  }

  // The same separators for every reader, whatever the browser's language.
  function rounded(amount, digits) {
    return amount.toLocaleString("en", { maximumFractionDigits: digits });
  }

  // What is not known stands last, whichever way the rest is sorted.
  function compare(left, right, direction) {
    if (left === null || right === null) return (left === null) - (right === null);
    const order =
      typeof left === "string" ? collator.compare(left, right) : Number(left) - Number(right);
    return direction === "descending" ? -order : order;
  }

  // A spreadsheet would run a text that begins like a formula.
  function csvField(value, kind) {
    let text = value === null ? "" : String(value);
    if (kind === "text" && /^[=+\-@\t\r]/.test(text)) text = `'${text}`;
    return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  }

  // Values are exported as they are, for other programs; the mark tells spreadsheets it is UTF-8.
  function exportCsv(name, columns, rows) {
    const lines = [
      columns.map((column) => csvField(column.name, "text")),
      ...rows.map((row) => row.map((value, place) => csvField(value, columns[place].kind))),
    ].map((fields) => fields.join(","));
    const blob = new Blob(["\ufeff", lines.join("\r\n"), "\r\n"], { type: "text/csv" });
    const link = element("a", { href: URL.createObjectURL(blob), download: `${name}.csv` });
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  }

  // One table: what is filtered and sorted is what is shown and exported.
  function makeTable(box, name) {
    const figure = report.figures[name];
    const { columns } = figure;
    if (!figure.rows.length) {
      box.append(element("p", { className: "none" }, figure.empty));
      return;
    }
    const texts = figure.rows.map((row) =>
      row.map((value, place) => formatValue(value, columns[place].kind)),
    );
    const all = figure.rows.map((row, place) => ({
      row,
      texts: texts[place],
      sought: texts[place].join("\n").toLowerCase(),
    }));
    let sorting = null;
    let showsAll = false;
    let found = all;

    const search = element("input", {
      type: "search",
      placeholder: "Filter",
      ariaLabel: `Filter the rows of: ${figure.title}`,
    });
    const count = element("span", { className: "count", role: "status" });
    const more = element("button", { type: "button", className: "control more" }, "Show all");
    const csv = element("button", { type: "button", className: "control" }, "CSV");
    csv.ariaLabel = `Export as CSV: ${figure.title}`;
    const headings = columns.map((column, place) => {
      const button = element("button", { type: "button" }, column.label);
      button.addEventListener("click", () => sort(place));
      return element("th", { scope: "col", className: column.kind }, button);
    });
    const body = element("tbody");
    const table = element(
      "table",
      {},
      element("caption", { className: "unseen" }, figure.title),
      element("thead", {}, element("tr", {}, ...headings)),
      body,
    );

    // Numbers are asked for their largest first, names for their first.
    function sort(place) {
      const first = columns[place].kind === "text" ? "ascending" : "descending";
      const second = first === "ascending" ? "descending" : "ascending";
      const direction =
        sorting?.place === place && sorting.direction === first ? second : first;
      sorting = { place, direction };
      headings.forEach((heading, at) => {
        if (at === place) heading.ariaSort = direction;
        else heading.removeAttribute("aria-sort");
      });
      update();
    }

    // Rows are few enough to be made anew after every change.
    function update() {
      const words = search.value.trim().toLowerCase();
      found = all.filter((each) => each.sought.includes(words));
      if (sorting) {
        const { place, direction } = sorting;
        found.sort((left, right) => compare(left.row[place], right.row[place], direction));
      }
      const visible = showsAll ? found : found.slice(0, MOST_ROWS);
      body.replaceChildren(...visible.map((each) => makeRow(each, columns)));
      if (!visible.length) {
        const cell = element("td", { colSpan: columns.length }, "No row has this text.");
        body.append(element("tr", {}, cell));
      }
      count.textContent = countWords(visible.length, found.length, all.length, figure.is_cut);
      more.hidden = visible.length === found.length;
    }

    search.addEventListener("input", update);
    more.addEventListener("click", () => {
      showsAll = true;
      update();
      search.focus();
    });
    csv.addEventListener("click", () =>
      exportCsv(
        name,
        columns,
        found.map((each) => each.row),
      ),
    );
    update();
    box.append(
      element("div", { className: "tools" }, search, count, more, csv),
      element(
        "div",
        { className: "scroll", tabIndex: 0, role: "region", ariaLabel: figure.title },
        table,
      ),
    );
  }

  // A cell's direction follows its text, so that names of any script keep their order.
  function makeRow({ row, texts }, columns) {
    const cells = texts.map((text, place) => {
      const { kind } = columns[place];
      const className = row[place] === null ? `${kind} null` : kind;
      return element("td", { className, dir: kind === "text" ? "auto" : "ltr" }, text);
    });
    return element("tr", {}, ...cells);
  }

  // Whoever counts rows has to know that there are more.
  function countWords(visible, found, all, isCut) {
    const rows = all === 1 ? "row" : "rows";
    const shownWords = visible === found ? "" : `${rounded(visible, 0)} of `;
    const foundWords = found === all ? "" : ` of ${rounded(all, 0)}`;
    const cut = isCut ? `; only the first ${rounded(all, 0)} are in this report` : "";
    return `${shownWords}${rounded(found, 0)}${foundWords} ${rows}${cut}`;
  }

  // Vega keeps groups in objects, where a name that all objects have would be taken for one.
  function chartText(value) {
    return typeof value === "string" && value in Object.prototype ? `${value}\u200b` : value;
  }

  // Charts name the columns, and rows have places.
  function chartRows({ columns, rows }) {
    return rows.map((row) =>
      Object.fromEntries(row.map((value, place) => [columns[place].name, chartText(value)])),
    );
  }

  // Scales of seconds have ticks at whole minutes and hours.
  function secondsStep(rows, { seconds, ticks }) {
    const largest = Math.max(...rows.map((row) => row[seconds] ?? 0));
    return SECONDS_STEPS.find((step) => step * ticks >= largest) ?? largest / ticks;
  }

  // What a specification cannot know: the period, the room it has, how large the values are.
  function parameters(rows, hints, width) {
    const since = Math.ceil(Date.parse(report.period.since) / DAY) * DAY;
    const until = Math.floor(Date.parse(report.period.until) / DAY) * DAY;
    const first = since - ((new Date(since).getUTCDay() + 6) % 7) * DAY;
    const weeks = Math.ceil((until - first) / DAY / 7);
    const labels = Math.max(2, Math.floor(width / 75));
    const days = Math.ceil((until - since) / DAY / labels);
    return {
      since,
      until,
      first_week: first,
      last_week: first + weeks * 7 * DAY,
      label_days: (days > 4 ? Math.ceil(days / 7) * 7 : days) * DAY,
      point_size: until - since > 90 * DAY ? 5 : 14,
      legend_columns: Math.max(2, Math.floor(width / 85)),
      tick: hints.seconds ? secondsStep(rows, hints) : 1,
    };
  }

  // Calendars of a month stand side by side, those of a year one below the other.
  function fitCalendars(spec, groups, values, width) {
    const labels = 50;
    const weeks = (values.last_week - values.first_week) / DAY / 7;
    const cell = Math.max(3, Math.min(44, Math.floor((width - labels) / weeks)));
    values.label_weeks = Math.ceil(52 / cell) * 7 * DAY;
    spec.spec.width = cell * weeks;
    spec.columns = Math.max(1, Math.min(groups, Math.floor(width / (cell * weeks + labels + 28))));
  }

  // Drawn again when the width changes, because a calendar cannot stretch.
  async function drawChart(box) {
    const figure = report.figures[box.dataset.figure];
    if (!figure.rows.length) {
      box.replaceChildren(element("p", { className: "none" }, "Nothing to draw in this period."));
      return;
    }
    const spec = structuredClone(figure.chart);
    const { usermeta: hints = {} } = spec;
    const rows = chartRows(figure);
    const width = box.clientWidth;
    const values = parameters(rows, hints, width);
    spec.data.values = rows;
    const groups = new Set(rows.map((row) => row[hints.rows])).size;
    if (spec.facet) fitCalendars(spec, groups, values, width);
    else if (hints.rows) spec.height = hints.row_height * Math.min(groups, hints.most ?? groups);
    spec.params = Object.entries(values).map(([name, value]) => ({ name, value }));
    const config = structuredClone(report.config);
    config.axisY = { labelLimit: width < PHONE_WIDTH ? width / 3 : 260 };
    config.legend.columns = Math.max(1, Math.floor(width / 140));
    if (width < PHONE_WIDTH) config.legend.titleOrient = "top";
    // Vega's own roles would read out every mark.
    const drawing = element("div", { className: "drawing", ariaHidden: "true" });
    const ariaLabel = `${figure.title}. ${spec.description}. The numbers are in the table below.`;
    box.replaceChildren(element("div", { role: "img", ariaLabel }, drawing));
    const most = hints.most;
    if (rows.length > most) {
      const words = `The first ${most} of ${rounded(rows.length, 0)}; the others are in the numbers.`;
      box.append(element("p", { className: "note" }, words));
    }
    await vegaEmbed(drawing, spec, {
      mode: "vega-lite",
      renderer: "svg",
      actions: false,
      ast: true,
      config,
      defaultStyle: false,
      expressionFunctions: { formatValue: formatOnAxis },
      tooltip: { disableDefaultStyle: true },
    });
  }

  // On an axis shares are round.
  function formatOnAxis(value, kind) {
    return formatValue(value, kind).replace(".0 %", " %");
  }

  // One after the other, so that the page can be scrolled meanwhile.
  async function drawCharts() {
    delete document.documentElement.dataset.drawn;
    for (const box of document.querySelectorAll(".chart")) await drawChart(box);
    document.documentElement.dataset.drawn = "";
  }

  // Paper changes the height of the window, and a phone's bars too; only the width matters.
  function drawAgainWhenResized() {
    let width = document.documentElement.clientWidth;
    let timer;
    addEventListener("resize", () => {
      clearTimeout(timer);
      timer = setTimeout(() => {
        if (document.documentElement.clientWidth === width) return;
        width = document.documentElement.clientWidth;
        drawCharts();
      }, 200);
    });
  }

  // The button names what it leads to.
  function offerThemes() {
    const button = document.getElementById("theme");
    const root = document.documentElement;
    let isDark = matchMedia("(prefers-color-scheme: dark)").matches;
    const name = () => {
      button.textContent = isDark ? "Light" : "Dark";
      button.ariaLabel = isDark ? "Light colours" : "Dark colours";
    };
    button.addEventListener("click", () => {
      isDark = !isDark;
      root.dataset.theme = isDark ? "dark" : "light";
      name();
    });
    name();
    button.hidden = false;
  }

  // Where the clipboard is out of reach, the query is selected instead.
  async function copy(button) {
    const query = button.parentElement.querySelector("pre");
    try {
      await navigator.clipboard.writeText(query.textContent);
      document.getElementById("status").textContent = "The query is copied.";
      button.textContent = "Copied";
    } catch {
      getSelection().selectAllChildren(query);
    }
  }

  for (const box of document.querySelectorAll(".table")) makeTable(box, box.dataset.figure);
  for (const button of document.querySelectorAll(".copy")) {
    button.addEventListener("click", () => copy(button));
    button.hidden = false;
  }
  offerThemes();
  drawAgainWhenResized();
  drawCharts();
})();
