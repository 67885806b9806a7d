/* The explorer's page: reads a question from the form or the address, counts in the browser, and draws the answer into
   the page that is already there. Nothing about a question leaves the browser until somebody takes a chart along, which
   the site's service makes. ctdc.hub.site.explorer draws the same without JavaScript; a test compares both.
   An answer is drawn where the reader looks first: headline and charts in view at once, then a chart at a time. Until a
   chart is drawn it is busy and shows no numbers, so that no old number ever stands beside a new question; nor does one
   while what is counted with is loaded, or where it cannot be. */

const root = document.getElementById("explorer"), form = document.getElementById("questions");
const charts = [...document.querySelectorAll("#charts > .chart")];
const SHOWN = 10, TOP = 12, READABLE = /%(2C|3A|28|29|21|27|2A|7E|40)/gi;
const inputs = [...form.querySelectorAll("input[type=checkbox]")];
const answers = inputs.filter((input) => input.name !== "show");
/** Codes by variable, in the release's order, from the form. @type {Map<string, string[]>} */
const codes = new Map();
const labels = new Map();
for (const input of answers) {
  codes.set(input.name, [...(codes.get(input.name) ?? []), input.value]);
  labels.set(`${input.name}=${input.value}`, input.parentElement.textContent.trim());
}
const topics = charts.map((figure) => figure.id);
/** What each chart is of. @type {Map<HTMLElement, {title: string, answers: [string, string][], names: string[]}>} */
const about = new Map(charts.map((figure, i) => {
  const own = form.querySelectorAll("details.ask")[i].querySelectorAll("input[type=checkbox]");
  const of = [...own].map((input) => [input.name, input.value]);
  return [figure, { title: figure.querySelector("h3").textContent, answers: of, names: [...new Set(of.map(([name]) => name))] }];
}));
const HERE = location.pathname;

/** @typedef {{filters: Map<string, string[]>, show: string[], bars: string}} Asked */

// ---- addresses -------------------------------------------------------------------------------------------------------

/** The codes that a text names, separated by commas; null for what is unknown. */
function pieces(value, allowed) {
  const known = new Set(allowed), parts = value.split(","), found = [];
  const longest = Math.max(1, ...allowed.map((code) => code.split(",").length));
  for (let start = 0; start < parts.length;) {
    let end = Math.min(parts.length, start + longest);
    while (end > start && !known.has(parts.slice(start, end).join(","))) end--;
    found.push(end > start ? parts.slice(start, end).join(",") : null);
    start = Math.max(end, start + 1);
  }
  return found;
}

/** @returns {[Asked, boolean]} the question of an address, and whether all of it was understood */
function read(query) {
  const chosen = new Map(), shown = new Set();
  let bars = "share", understood = true;
  for (const [name, value] of new URLSearchParams(query)) {
    if (name === "bars") {
      if (value === "share" || value === "count") bars = value;
      else understood = false;
      continue;
    }
    const found = pieces(value, name === "show" ? topics : codes.get(name) ?? []);
    if (found.includes(null)) understood = false;
    if (!chosen.has(name)) chosen.set(name, new Set());
    for (const one of found) if (one !== null) (name === "show" ? shown : chosen.get(name)).add(one);
  }
  const filters = new Map();
  for (const [name, all] of codes) {
    const own = all.filter((code) => chosen.get(name)?.has(code));
    if (own.length) filters.set(name, own);
  }
  const show = topics.filter((topic) => shown.has(topic));
  return [{ filters, show: show.length ? show : topics.slice(0, SHOWN), bars }, understood];
}

const quotes = new Map();
function quoted(text) {
  if (!quotes.has(text)) quotes.set(text, encodeURIComponent(text).replace(READABLE, (found) => decodeURIComponent(found)));
  return quotes.get(text);
}

/** @param {Asked} asked @returns {string} its canonical query; empty for everybody in the first charts */
function write(asked) {
  const parts = [...asked.filters].filter((pair) => pair[1].length);
  if (asked.show.join() !== topics.slice(0, SHOWN).join()) parts.push(["show", asked.show]);
  if (asked.bars !== "share") parts.push(["bars", [asked.bars]]);
  parts.sort((one, other) => (one[0] < other[0] ? -1 : 1));
  // Where a code may hold a comma each stands alone: joined, they could be others.
  const apart = (name) => codes.get(name)?.some((code) => code.includes(","));
  const query = parts.flatMap(([name, own]) => (apart(name) ? own.map(quoted) : [own.map(quoted).join(",")])
    .map((text) => `${quoted(name)}=${text}`)).join("&");
  return query ? `?${query}` : "";
}

const strict = (text) => encodeURIComponent(text).replace(/[!'()*]/g, (one) => `%${one.charCodeAt(0).toString(16).toUpperCase()}`);

/** The same question to the counts service for programs: see api_query in section.py. */
function apiQuery(asked) {
  const pairs = [...asked.filters].flatMap(([name, own]) =>
    (own.some((code) => code.includes(",")) ? own : [own.join()]).map((part) => [name, part]));
  if (pairs.length) pairs.push(["own", "no"]);
  pairs.sort((one, other) => (one[0] < other[0] ? -1 : one[0] > other[0] ? 1 : 0));
  const query = pairs.map(([name, part]) => `${strict(name)}=${strict(part).replaceAll("%2C", ",")}`).join("&");
  return query ? `?${query}` : "";
}

function toggled(asked, name, code) {
  const own = asked.filters.get(name) ?? [], isIn = own.includes(code);
  const now = codes.get(name).filter((one) => (one === code ? !isIn : own.includes(one)));
  const filters = new Map();
  for (const variable of codes.keys()) {
    const kept = variable === name ? now : asked.filters.get(variable);
    if (kept?.length) filters.set(variable, kept);
  }
  return { ...asked, filters };
}

function fromForm() {
  const filters = new Map(), shown = new Set();
  for (const { name, value } of form.querySelectorAll("input[type=checkbox]:checked")) {
    if (name === "show") shown.add(value);
    else filters.set(name, [...(filters.get(name) ?? []), value]);
  }
  const show = topics.filter((topic) => shown.has(topic));
  return { filters, show: show.length ? show : topics.slice(0, SHOWN), bars: form.elements.bars.value };
}

function toForm(asked) {
  for (const input of inputs) {
    const own = input.name === "show" ? asked.show : asked.filters.get(input.name);
    input.checked = Boolean(own?.includes(input.value));
  }
  form.elements.bars.value = asked.bars;
}

// ---- what is loaded when it is first needed --------------------------------------------------------------------------

/** What is said before all words are there, or where they cannot be loaded. */
const early = JSON.parse(root.dataset.early);
let words, counter, loading = null;

function load() {
  loading ??= (async () => {
    const said = fetch(root.dataset.words).then((answer) => answer.json());
    said.catch(() => {});  // told below, with the others
    const { Counter, fetchCompact } = await import(root.dataset.counter);
    const [core, long, texts] = await Promise.all([fetchCompact(root.dataset.core), fetchCompact(root.dataset.long), said]);
    words = texts;
    counter = new Counter(core);
    counter.add(long);
  })();
  loading.catch(() => { loading = null; });
  return loading;
}

// ---- words and numbers -----------------------------------------------------------------------------------------------

const forms = new Intl.PluralRules(document.documentElement.lang);

/** @param {?number} many the number whose form a text takes that has one for each kind of number */
function say(key, values = null, many = null) {
  const found = (words?.texts ?? early)[key];
  const text = many === null ? found : found[forms.select(rounded(many))] ?? found.other;
  return values ? text.replace(/\{(\w+)\}/g, (_, name) => values[name]) : text;
}

/** Without what sums in another order change: whole halves stay whole halves, and are rounded alike everywhere. */
const steady = (value) => Number(value.toFixed(4));

/** The nearest whole number; of a half, the even one. */
const rounded = (value) => (value === Math.floor(value) + 0.5 ? 2 * Math.round(value / 2) : Math.round(value));

function number(value, digits = 0) {
  const fixed = digits === 0 ? String(rounded(value)) : value.toFixed(digits);
  const [whole, part] = fixed.replace(/^-(0(?:\.0+)?)$/, "$1").split(".");
  const { group, decimal, from } = words.numbers;
  const grouped = Math.abs(Number(whole)) >= from ? whole.replace(/\B(?=(\d{3})+$)/g, group) : whole;
  return part === undefined ? grouped : grouped + decimal + part;
}

const isolated = (text) => (words.numbers.isolate ? `\u2066${text}\u2069` : text);
const dash = () => words.numbers.dash.replace(/[\u2066\u2069]/g, "");
const numberRange = (low, high) => isolated(number(low) + dash() + number(high));
const percent = (share, digits = 1) => number(100 * share, digits) + words.numbers.percent;

function percentRange(low, high) {
  let digits = 1;
  while (digits < 3 && low < high && (100 * low).toFixed(digits) === (100 * high).toFixed(digits)) digits++;
  return isolated(number(100 * low, digits) + dash() + percent(high, digits));
}

/** The smallest round number that is not below any of the values; 1 when all are zero. */
function axisEnd(values) {
  const largest = Math.max(0, ...values);
  if (largest <= 0) return 1;
  const magnitude = largest >= 1 ? 10 ** (String(Math.trunc(largest)).length - 1) : 10 ** -(1 / largest).toFixed(0).length;
  return [1, 2, 3, 4, 5, 6, 8, 10, 20, 100].map((step) => step * magnitude).find((end) => end >= largest);
}

// ---- counting --------------------------------------------------------------------------------------------------------

/** @returns {import("./explorer-counter.js").Event} */
function event(filters) {
  const chosen = [...filters].map(([name, own]) => [counter.names.indexOf(name),
    own.map((code) => codes.get(name).indexOf(code) + 1)]);
  return chosen.filter(([variable, own]) => own.length < counter.sizes[variable]).sort((a, b) => a[0] - b[0]);
}

/** The answers as they are drawn. wanted: which of them, by code and whether there are too few. */
function cellsOf(found, name, wanted = () => true) {
  const places = [...found.categories.keys()].filter((i) => wanted(codes.get(name)[found.categories[i] - 1], found.few[i]));
  return places.map((i) => ({
    name, code: codes.get(name)[found.categories[i] - 1], count: [found.count[i], found.low[i], found.high[i]].map(steady), few: found.few[i],
    share: [found.share[i], found.shareLow[i], found.shareHigh[i]], shareFew: found.shareFew[i],
    measured: found.measured[i], whole: found.whole,
  }));
}

/** Flags are counted among the chosen people; the answers to one question also among those not chosen in it. */
function count(figure, asked) {
  const { names } = about.get(figure);
  if (figure.dataset.group) {
    const people = event(asked.filters);
    return names.flatMap((name) => cellsOf(counter.by(people, counter.names.indexOf(name)), name));
  }
  const others = new Map(asked.filters);
  others.delete(names[0]);
  const found = counter.by(event(others), counter.names.indexOf(names[0])), own = asked.filters.get(names[0]);
  return figure.dataset.long ? cellsOf(found, names[0], (code, few) => !few || own?.includes(code)) : cellsOf(found, names[0]);
}

// ---- drawing ---------------------------------------------------------------------------------------------------------

/** What a row is made of, so that only what changes is written. @typedef {{row: HTMLElement, link: HTMLElement, bar: Bar,
    share: Value, people: Value}} Row @typedef {{svg: SVGElement, parts: Element[], drawn: string}} Bar
    @typedef {{cell: HTMLElement, text: Text, interval: Text|null, mark: Element|null}} Value */
const rows = new Map();

function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

/** Sets an attribute, or takes it away. What is written again as it was would be laid out again. */
function set(node, name, value) {
  if (node.getAttribute(name) === value) return;
  if (value === null) node.removeAttribute(name);
  else node.setAttribute(name, value);
}

function put(node, text) {
  if (node.data !== text) node.data = text;
}

/** The text of an element that has nothing else. */
const textOf = (parent) => parent.firstChild ?? parent.appendChild(new Text(""));

/** The row of an answer: that of the page, or one like the others where it was not drawn before. @returns {Row} */
function rowOf(name, code) {
  const own = `${name}=${code}`;
  if (!rows.has(own)) {
    const all = document.querySelectorAll("#charts tr[data-code]");
    let row = [...all].find((one) => one.dataset.variable === name && one.dataset.code === code);
    if (!row) {
      row = all[0].cloneNode(true);
      Object.assign(row.dataset, { variable: name, code });
      row.querySelector("bdi").textContent = labels.get(own);
    }
    const svg = row.querySelector("svg"), [, share, people] = row.children;
    rows.set(own, { row, link: row.querySelector("a"), bar: { svg, parts: [...svg.children], drawn: "" },
      share: valueOf(share), people: valueOf(people) });
  }
  return rows.get(own);
}

function valueOf(cell) {
  const few = cell.querySelector(".few"), interval = cell.querySelector(".interval > bdi");
  return { cell, text: textOf(few ?? cell.querySelector("b > bdi")), interval: interval && textOf(interval),
    mark: cell.querySelector(".recorded") };
}

const SVG = "http://www.w3.org/2000/svg";
/** The parts of a bar after its track, with what never changes of them. */
const PARTS = [["rect", { class: "fill", height: 12 }], ["line", { class: "halo", y1: 6, y2: 6 }],
  ["line", { class: "whisker", y1: 6, y2: 6 }], ["line", { class: "whisker", y1: 3, y2: 9 }],
  ["line", { class: "whisker", y1: 3, y2: 9 }]];

function drawBar(bar, numbers, end) {
  const drawn = numbers ? [...numbers, end].join() : "none";
  if (bar.drawn === drawn) return;
  bar.drawn = drawn;
  if (!numbers) {
    while (bar.parts.length > 1) bar.parts.pop().remove();
    return;
  }
  while (bar.parts.length <= PARTS.length) {
    const [kind, attributes] = PARTS[bar.parts.length - 1], made = document.createElementNS(SVG, kind);
    for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
    bar.parts.push(made);
    bar.svg.append(made);
  }
  const part = (value) => Math.min(1, Math.max(0, value / end)), at = (value) => `${(100 * part(value)).toFixed(4)}%`;
  const [value, low, high] = [numbers[0], at(numbers[1]), at(numbers[2])], [, fill, halo, whisker, left, right] = bar.parts;
  fill.setAttribute("width", at(value));
  fill.setAttribute("data-length", part(value).toFixed(6));
  for (const [line, from, to] of [[halo, low, high], [whisker, low, high], [left, low, low], [right, high, high]]) {
    line.setAttribute("x1", from);
    line.setAttribute("x2", to);
  }
}

/** @param {Value} value @param {string} interval none where there is too little to say */
function drawValue(value, text, interval, mark = "") {
  if (Boolean(interval) !== Boolean(value.interval)) {
    value.text = new Text(text);
    value.interval = interval ? new Text(interval) : null;
    value.mark = null;
    value.cell.replaceChildren(...(interval ? [element("b", {}, element("bdi", {}, value.text)), " ",
      element("span", { class: "interval" }, element("bdi", {}, value.interval))]
      : [element("span", { class: "few" }, value.text)]));
  }
  put(value.text, text);
  if (interval) put(value.interval, interval);
  if (Boolean(mark) === Boolean(value.mark)) return;
  value.mark?.remove();
  value.mark = mark ? element("span", { class: "recorded" }, mark) : null;
  if (mark) value.cell.append(value.mark);
}

function drawRow(cell, asked, end) {
  const { row, link, bar, share, people } = rowOf(cell.name, cell.code), isCount = asked.bars === "count";
  set(link, "href", HERE + write(toggled(asked, cell.name, cell.code)));
  set(link, "aria-current", isChosen(asked, cell) ? "true" : null);
  drawBar(bar, (isCount ? cell.few : cell.shareFew) ? null : isCount ? cell.count : cell.share, end);
  const fewShare = cell.whole === null && !cell.few ? "dash.unknown_share" : "chart.too_few";
  drawValue(share, cell.shareFew ? say(fewShare) : percent(cell.share[0]),
    cell.shareFew ? "" : percentRange(cell.share[1], cell.share[2]));
  drawValue(people, cell.few ? say("chart.too_few") : number(cell.count[0]),
    cell.few ? "" : numberRange(cell.count[1], cell.count[2]), !cell.measured && !cell.few ? say("explorer.mark") : "");
  return row;
}

function wholeNote(whole) {
  if (whole === null) return say("explorer.whole.none");
  if (whole.few) return say("explorer.whole.few");
  const people = steady(whole.value), known = number(people);
  if (whole.source === "records") return say("explorer.whole.records", { known }, people);
  const key = whole.source === "counts" ? "dash.known" : "dash.known_records";
  return say(key, { known, range: numberRange(steady(whole.low), steady(whole.high)) }, people);
}

/** Whether answers that exclude each other add up to more than all people with an answer, beyond rounding. */
function isOver(cells) {
  const whole = cells[0]?.whole;
  if (!whole || whole.few) return false;
  return cells.reduce((sum, cell) => sum + (cell.few ? 0 : cell.count[0]), 0) >= whole.value + 0.5;
}

const isChosen = (asked, cell) => Boolean(asked.filters.get(cell.name)?.includes(cell.code));

function drawChart(figure, asked) {
  let cells = count(figure, asked);
  const notes = [], published = cells.filter((cell) => !cell.few).length;
  const over = !figure.dataset.group && isOver(cells);
  if (figure.dataset.long) {
    const said = cells.filter((cell) => !cell.few)
      .sort((one, other) => other.count[0] - one.count[0] || (one.code < other.code ? -1 : 1)).slice(0, TOP);
    cells = [...said, ...cells.filter((cell) => isChosen(asked, cell) && !said.includes(cell))];
    if (said.length < published) notes.push(say("chart.top", { shown: number(said.length), published: number(published) }));
  }
  if (figure.dataset.group) notes.push(say("dash.several"));
  // Each flag has a whole of its own, which may be too few to say where another's is not.
  const known = cells.find(({ whole }) => whole && !whole.few) ?? cells[0];
  notes.push(known ? wholeNote(known.whole) : say("chart.too_few"));
  if (over) notes.push(say("dash.over"));
  if (cells.some((cell) => !cell.measured && !cell.few)) notes.push(say("explorer.marked"));
  if (figure.dataset.caveat) notes.push(figure.dataset.caveat);
  const isCount = asked.bars === "count";
  const ends = cells.filter((cell) => !(isCount ? cell.few : cell.shareFew)).map((cell) => (isCount ? cell.count : cell.share)[2]);
  const end = isCount ? axisEnd(ends) : Math.min(1, axisEnd(ends));
  arrange(figure.querySelector("tbody"), cells.map((cell) => drawRow(cell, asked, end)));
  const caption = figure.querySelector("figcaption");
  while (caption.children.length > notes.length) caption.lastElementChild.remove();
  while (caption.children.length < notes.length) caption.append(element("p"));
  notes.forEach((note, i) => put(textOf(caption.children[i]), note));
  return cells;
}

/** Puts rows into a table; what stands where it belongs is not touched. */
function arrange(body, wanted) {
  if (wanted.length === body.children.length && wanted.every((row, i) => row === body.children[i])) return;
  const focused = document.activeElement;
  body.replaceChildren(...wanted);
  if (body.contains(focused)) focused.focus({ preventScroll: true });
}

const headline = ["#answer-value", "#answer-interval > bdi", "#answer-source"].map((place) => textOf(document.querySelector(place)));

function drawHeadline(asked) {
  const total = counter.total(event(asked.filters));
  const texts = total.few ? [say("chart.too_few"), "", say("explorer.source.few")]
    : [say("explorer.about", { count: number(steady(total.value)) }, steady(total.value)),
      say("home.interval", { range: numberRange(steady(total.low), steady(total.high)) }), say(`explorer.source.${total.source}`)];
  texts.forEach((text, i) => put(headline[i], text));
}

/** The question whose chips are drawn: drawn again, whoever stands in them would lose their place. */
let chipped = null;

function drawChips(asked) {
  if (chipped === asked) return;
  chipped = asked;
  const chips = [];
  for (const figure of charts) {
    const { title, answers } = about.get(figure);
    for (const [name, code] of answers) {
      if (!asked.filters.get(name)?.includes(code)) continue;
      const said = say("explorer.answer", { question: title, answer: labels.get(`${name}=${code}`) });
      const address = HERE + write(toggled(asked, name, code));
      chips.push(element("li", {}, element("a", { href: address, "data-state": "" },
        element("span", { class: "quiet" }, `${say("explorer.remove")} `), element("bdi", {}, said), " ",
        element("span", { "aria-hidden": "true" }, "×"))));
    }
  }
  if (!chips.length) chips.push(element("li", { class: "everybody" }, say("explorer.everybody")));
  document.getElementById("chips").replaceChildren(...chips);
}

// ---- what is drawn when ----------------------------------------------------------------------------------------------

/** What the page shows; charts that are still to be drawn; what is to be done before them, once there is an answer. */
let shown = null, waiting = [], after = null;

/** The charts that a reader sees. Until the browser has said which, all of them. */
const inView = new Set(charts);
const observer = new IntersectionObserver((seen) => {
  for (const { target, isIntersecting } of seen) {
    if (isIntersecting) inView.add(target);
    else inView.delete(target);
  }
});
for (const figure of charts) observer.observe(figure);

/** Afterwards, in a task of its own: when what was written before is on the screen. */
function afterPaint(work) {
  if (document.hidden) setTimeout(work);
  else requestAnimationFrame(() => setTimeout(work));
}

const busy = (figure, isBusy) => set(figure, "aria-busy", isBusy ? "true" : null);

/** @param {Asked} asked @param {(() => void)|null} then what else there is to do, after the answer is seen */
function draw(asked, then = null) {
  root.dataset.asked = "";
  delete root.dataset.unanswered;
  drawHeadline(asked);
  drawChips(asked);
  shown = { asked, cells: new Map() };
  const now = [];
  waiting = [];
  for (const figure of charts) {
    const isShown = asked.show.includes(figure.id), isNew = isShown && figure.hidden;
    if (figure.hidden === isShown) figure.hidden = !isShown;
    if (!isShown) busy(figure, false);
    // Whoever stands in a chart must not lose their place, which they would if it were hidden.
    else (isNew || inView.has(figure) || figure.contains(document.activeElement) ? now : waiting).push(figure);
    if (isShown) shown.cells.set(figure, []);
  }
  for (const figure of waiting) busy(figure, true);
  for (const figure of now) finish(figure);
  after = () => {
    then?.();
    drawLinks(asked);
  };
  afterPaint(() => rest(asked));
}

function finish(figure) {
  shown.cells.set(figure, drawChart(figure, shown.asked));
  busy(figure, false);
}

/** Draws what waits, a chart at a time, so that the next click never waits for more than one. */
function rest(asked) {
  if (shown.asked !== asked) return;
  // New numbers may have moved a chart into view that was below it.
  const next = waiting.find((figure) => inView.has(figure)) ?? (after ? null : waiting[0]);
  if (next) {
    waiting = waiting.filter((figure) => figure !== next);
    finish(next);
  } else if (after) settle();
  else return;
  setTimeout(rest, 0, asked);
}

function settle() {
  const work = after;
  after = null;
  work?.();
}

/** Draws all that waits at once, for paper and for files. */
function finishAll() {
  settle();
  for (const figure of waiting) finish(figure);
  waiting = [];
}

function drawLinks(asked) {
  const api = document.getElementById("api"), address = api.dataset.base + apiQuery(asked);
  api.setAttribute("href", address);
  api.firstElementChild.textContent = address;
  const query = write(asked);
  for (const link of document.querySelectorAll("nav.languages a")) link.search = query;
  // A chart of everybody is among the pages; one of some people is made by the counts service.
  const question = write({ ...asked, show: topics.slice(0, SHOWN) });
  for (const figure of charts) {
    const link = figure.querySelector(".own-page a"), name = link.pathname.split("/").at(-2);
    told(link).textContent = "";
    link.href = `${HERE.replace("explorer/", question ? "explorer/charts/" : "charts/")}${name}/${question}`;
  }
}

// ---- events ----------------------------------------------------------------------------------------------------------

let wanted = null;

/** @param {Asked} asked @param {(() => void)|null} then what else there is to do, after the answer is seen */
async function show(asked, understood = true, then = null) {
  wanted = asked;
  document.getElementById("unknown").hidden = understood;
  if (counter) {
    draw(asked, then);
    return;
  }
  then?.();
  empty(asked);
  try {
    await load();
  } catch {
    if (wanted === asked) fail(asked);
    return;
  }
  if (wanted === asked) draw(asked);
}

/** The page asks what is asked, and has no numbers: the sheet hides those in charts, to screen readers too. The charts
    stay, so that whoever stands in one does not lose their place. */
function empty(asked) {
  root.dataset.unanswered = "";
  for (const text of headline) put(text, "");
  drawChips(asked);
  drawLinks(asked);
  for (const figure of charts) busy(figure, !figure.hidden);
  for (const row of document.querySelectorAll("#charts tr[data-code]")) {
    const { variable, code } = row.dataset, link = row.querySelector("a");
    set(link, "href", HERE + write(toggled(asked, variable, code)));
    set(link, "aria-current", asked.filters.get(variable)?.includes(code) ? "true" : null);
  }
}

/** A page that the service made is asked of it again, once: it answers without what could not be loaded. Elsewhere
    there may be no service, and the same page would only fail again. */
function fail(asked) {
  for (const figure of charts) busy(figure, false);
  if (root.dataset.served === undefined) put(headline[2], say("explorer.failed"));
  else location.replace(HERE + write(asked));
}

function go(asked) {
  settle();
  const query = write(asked);
  return show(asked, true, query === location.search ? null : () => history.pushState(null, "", HERE + query));
}

function follow(click) {
  const link = click.target.closest("a[data-state]");
  if (!link || click.button || click.metaKey || click.ctrlKey || click.shiftKey || click.altKey) return;
  click.preventDefault();
  const inChips = link.closest("#chips");
  const [asked] = read(new URL(link.href).search);
  toForm(asked);
  const done = go(asked);
  // The link that was pressed is gone with its chip: go on at the next one, or at the questions.
  if (inChips) done.then(() => (document.querySelector("#chips a") ?? form.querySelector("summary")).focus());
}

/** Where the page says of a chart's link that it leads nowhere. */
const told = (link) => link.parentElement.nextElementSibling;

/** A chart of some people is made by the service: where none runs, the page says so and is not left for nothing. */
async function lead(click) {
  const link = click.target.closest(".own-page a");
  if (!link?.search || click.button || click.metaKey || click.ctrlKey || click.shiftKey || click.altKey) return;
  click.preventDefault();
  const answer = await fetch(link.href, { method: "HEAD", redirect: "manual" }).catch(() => null);
  // Whoever has too much to do, or cannot be reached, says so by itself.
  if (answer?.status === 404 || answer?.type === "opaqueredirect") told(link).textContent = say("explorer.unserved");
  else location.assign(link.href);
}

function find(search) {
  const wanted = plain(search.value);
  for (const item of search.closest("fieldset").querySelectorAll("li")) {
    item.hidden = !plain(item.textContent).includes(wanted);
  }
}

const plain = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase().trim();

function csv() {
  const field = (value) => (/^[=+\-@\t\r]/.test(value) ? `"'${value}"` : /[",\n]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value);
  const ends = [say("explorer.csv.low"), say("explorer.csv.high")];
  const head = [say("explorer.csv.question"), say("explorer.csv.answer"),
    ...["chart.people", "chart.share"].flatMap((key) => [say(key), ...ends.map((end) => `${say(key)}, ${end}`)]),
    say("explorer.csv.source")];
  const lines = [head];
  for (const [figure, cells] of shown.cells) {
    for (const cell of cells) {
      const people = cell.few ? [say("chart.too_few"), "", ""] : cell.count.map((value) => value.toFixed(0));
      const share = cell.shareFew ? ["", "", ""] : cell.share.map((value) => value.toFixed(4));
      lines.push([about.get(figure).title, labels.get(`${cell.name}=${cell.code}`), ...people, ...share,
        cell.few ? "" : say(cell.measured ? "explorer.csv.counts" : "explorer.mark")]);
    }
  }
  const text = `\ufeff${lines.map((line) => line.map(field).join(",")).join("\r\n")}\r\n`;
  const link = element("a", { download: "explorer.csv", href: URL.createObjectURL(new Blob([text], { type: "text/csv" })) });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

async function take() {
  try {
    await load();
  } catch {
    document.getElementById("copied").textContent = say("explorer.failed");
    return;
  }
  if (!shown) draw(fromForm());
  finishAll();
  csv();
}

async function copy() {
  const said = document.getElementById("copied");
  try {
    await navigator.clipboard.writeText(location.origin + HERE + write(fromForm()));
    said.textContent = say("explorer.copied");
  } catch {
    said.textContent = say("explorer.not_copied");
  }
}

function start() {
  form.addEventListener("change", (change) => { if (change.target.type !== "search") go(fromForm()); });
  form.addEventListener("submit", (submit) => { submit.preventDefault(); go(fromForm()); });
  form.addEventListener("input", (input) => { if (input.target.type === "search") find(input.target); });
  root.addEventListener("click", follow);
  root.addEventListener("click", lead);
  // Loaded when it is about to be needed, not with the page.
  for (const sign of ["pointerover", "focusin"]) {
    root.addEventListener(sign, () => load().catch(() => {}), { once: true, passive: true });
  }
  addEventListener("beforeprint", () => { if (shown) finishAll(); });
  addEventListener("popstate", () => {
    after = null;
    const [asked, understood] = read(location.search);
    toForm(asked);
    show(asked, understood);
  });
  for (const search of form.querySelectorAll(".lookup")) search.hidden = false;
  document.getElementById("apply").hidden = true;
  document.getElementById("scripted").hidden = false;
  document.getElementById("copy").addEventListener("click", copy);
  document.getElementById("csv").addEventListener("click", take);
  const [asked, understood] = read(location.search);
  toForm(asked);
  if (location.search && root.dataset.served === undefined) show(asked, understood);
}

if (typeof DecompressionStream === "function") start();
