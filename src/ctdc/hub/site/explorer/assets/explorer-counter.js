/* Counts with 95 % intervals from what a release publishes, in the browser: what ctdc.release.counting does, with the
   files of ctdc.release.compact. Tests hold the answers of both equal. An event is a list of [variable, categories],
   ascending; category 0 is "not known". A query is a list of [factor, event], whose counts are added up. Records are
   sets of bits, one bit a record: who has several answers is the "and" of as many sets. What was counted is kept, so
   that the next question, which is most often the last one with one answer more, counts only what is new. */

const WIDE = 32, BESIDE = 8, THIN_FROM = 3, LEAST_DEVIATIONS = 2, DRAWS = 2;
const NARROW = 16;  // up to so many categories, each has a set of its own
const KEPT_SETS = 96, KEPT_ANSWERS = 2000;  // a set takes a bit a record: 25 kB for 200,000
export const Z95 = 1.959963984540054;

/** @typedef {[number, number[]][]} Event */
/** @typedef {{base: Event, alternatives: Event[][]}} Condition */
/** @typedef {{value: number, low: number, high: number, source: string, few: boolean}} Count */
/** @typedef {{categories: number[], count: number[], low: number[], high: number[], measured: boolean[], few: boolean[],
      share: number[], shareLow: number[], shareHigh: number[], shareFew: boolean[], whole: Count|null}} Counted */

/** The header and the parts of a file. @param {string} address */
export async function fetchCompact(address) {
  const answer = await fetch(address);
  if (!answer.ok) throw new Error(`${address}: ${answer.status}`);
  const open = answer.body.pipeThrough(new DecompressionStream("gzip"));
  const bytes = new Uint8Array(await new Response(open).arrayBuffer());
  const length = new DataView(bytes.buffer).getUint32(0, true);
  const header = JSON.parse(new TextDecoder().decode(bytes.subarray(4, 4 + length)));
  return { header, bytes, at: 4 + length };
}

function planes(bytes, at, count, width, Kind) {
  const found = new Kind(count);
  for (let plane = 0; plane < width; plane++) {
    const from = at + plane * count, shift = 8 * plane;
    for (let i = 0; i < count; i++) found[i] |= bytes[from + i] << shift;
  }
  return found;
}

function subsets(list) {
  const found = [[]];
  for (const one of list) for (const own of [...found]) found.push([...own, one]);
  return found;
}

const key = (list) => list.join(",");
const chosenOf = (event, variable) => event.find((pair) => pair[0] === variable)?.[1];
const without = (event, variable) => event.filter((pair) => pair[0] !== variable);
const isPossible = (event) => event.every((pair) => pair[1].length > 0);

/** People who belong to both. @param {Event} one @param {Event} other @returns {Event} */
export function both(one, other) {
  const joined = new Map(one);
  for (const [variable, categories] of other) {
    const own = joined.get(variable);
    joined.set(variable, own ? own.filter((category) => categories.includes(category)) : categories);
  }
  return [...joined].sort((a, b) => a[0] - b[0]);
}

const within = (one, other) => other.every(([variable, categories]) =>
  chosenOf(one, variable)?.every((category) => categories.includes(category)));

/** Quantiles of the normal distribution. Wichura 1988, algorithm AS 241, Appl. Stat. 37. */
export function normalQuantile(p) {
  const q = p - 0.5;
  const ratio = (r, a, b) => a.reduceRight((sum, c) => sum * r + c, 0) / b.reduceRight((sum, c) => sum * r + c, 0);
  if (Math.abs(q) <= 0.425) {
    return q * ratio(0.180625 - q * q,
      [3.3871328727963666, 133.14166789178438, 1971.5909503065514, 13731.693765509461, 45921.95393154987,
        67265.7709270087, 33430.57558358813, 2509.0809287301227],
      [1, 42.31333070160091, 687.1870074920579, 5394.196021424751, 21213.794301586597, 39307.89580009271,
        28729.085735721943, 5226.495278852545]);
  }
  const r = Math.sqrt(-Math.log(q <= 0 ? p : 1 - p));
  const found = r <= 5
    ? ratio(r - 1.6, [1.4234371107496835, 4.630337846156546, 5.769497221460691, 3.6478483247632045,
      1.2704582524523684, 0.24178072517745061, 0.022723844989269184, 7.745450142783414e-4],
    [1, 2.053191626637759, 1.6763848301838038, 0.6897673349851, 0.14810397642748008, 0.015198666563616457,
      5.475938084995345e-4, 1.0507500716444169e-9])
    : ratio(r - 5, [6.657904643501104, 5.463784911164114, 1.7848265399172913, 0.29656057182850487,
      0.026532189526576124, 0.0012426609473880784, 2.7115555687434876e-5, 2.0103343992922881e-7],
    [1, 0.599832206555888, 0.13692988092273581, 0.014875361290850615, 7.868691311456133e-4,
      1.8463183175100548e-5, 1.421511758316446e-7, 2.0442631033899397e-15]);
  return q < 0 ? -found : found;
}

/** The 95 % interval of a share found / of, if people and records were drawn again (Wilson 1927; see counting.py). */
function resampled(found, of) {
  if (of <= 0) return [0, 1];
  const share = Math.min(1, Math.max(0, found / of)), spread = DRAWS * Z95 ** 2 / of;
  const middle = (share + spread / 2) / (1 + spread);
  const half = Math.sqrt(share * (1 - share) * spread + spread ** 2 / 4) / (1 + spread);
  return [Math.max(0, middle - half), Math.min(1, middle + half)];
}

/** Keeps what was made last. */
class Held {
  constructor(most) {
    this.most = most;
    this.all = new Map();
  }

  /** @template T @param {string} name @param {() => T} make @returns {T} what has this name, made if it is not held */
  get(name, make) {
    const found = this.all.has(name) ? this.all.get(name) : make();
    this.all.delete(name);
    this.all.set(name, found);
    if (this.all.size > this.most) this.all.delete(this.all.keys().next().value);
    return found;
  }
}

/** How many bits are set in a word. */
function ones(bits) {
  bits -= (bits >>> 1) & 0x55555555;
  bits = (bits & 0x33333333) + ((bits >>> 2) & 0x33333333);
  return Math.imul((bits + (bits >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}

/** Some records: as bits, where a word of them is not zero, and how many they are.
    @typedef {{bits: Uint32Array, words: Uint32Array, size: number}} Records */
function recordsOf(bits) {
  const words = new Uint32Array(bits.length);
  let length = 0, size = 0;
  for (let i = 0; i < bits.length; i++) {
    words[length] = i;
    if (bits[i]) length++;
    size += ones(bits[i]);
  }
  return { bits, words: words.slice(0, length), size };
}

/** How many of some records are in a set. @param {Uint32Array} set @param {Records} records */
function common(set, { bits, words }) {
  let found = 0;
  if (words.length === bits.length) for (let i = 0; i < bits.length; i++) found += ones(set[i] & bits[i]);
  else for (let i = 0; i < words.length; i++) found += ones(set[words[i]] & bits[words[i]]);
  return found;
}

/** Puts the bits of `other` into `one`, or keeps only these. */
function join(one, other) {
  for (let i = 0; i < one.length; i++) one[i] |= other[i];
  return one;
}

function meet(one, other) {
  for (let i = 0; i < one.length; i++) one[i] &= other[i];
  return one;
}

const rounded = (value, digits) => Number(value.toFixed(digits));
const eventName = (event) => event.map(([variable, categories]) => `${variable}:${categories}`).join(";");
const nameOf = (condition) => `${eventName(condition.base)}|${condition.alternatives.length ? condition.group : ""}`;
const unit = (value) => Math.min(1, Math.max(0, value));

/** Fieller's interval for part / whole; null where the whole is not clearly above zero. */
function ratioInterval(part, whole, own, shared, other) {
  const z = Z95 ** 2, leading = whole ** 2 - z * other;
  if (whole <= 0 || leading <= 0) return null;
  const half = part * whole - z * shared, rest = part ** 2 - z * own;
  const root = Math.sqrt(Math.max(0, half ** 2 - leading * rest));
  return [unit(part / whole), unit((half - root) / leading), unit((half + root) / leading)];
}

/** A part, never more than its whole; both with the ends of their intervals (see wholes.py). */
function notAbove(part, whole) {
  if (part.value <= whole.value) return part;
  const isSurer = whole.high - whole.value <= part.high - part.value;
  return { ...part, value: whole.value, low: Math.min(part.low, whole.low), high: isSurer ? whole.high : part.high };
}

/** Those with an answer, who are at most `people` and at least `shown`, and what shares are computed with. */
function answered(known, shown, people) {
  const high = shown + known.high - known.value;
  const number = notAbove(known.value < shown ? { ...known, value: shown, high } : known, people);
  const end = Math.min(number.high, Math.max(known.high, number.value));
  return [{ ...number, high: end }, Math.max(number.value, shown)];
}

const smallest = (numbers) => numbers.reduce((least, one) => (one.value < least.value ? one : least));

export class Counter {
  /** @param {Awaited<ReturnType<typeof fetchCompact>>} file the core of a release */
  constructor({ header, bytes, at }) {
    Object.assign(this, { names: header.names, codes: header.codes, sizes: header.sizes, groups: header.groups });
    this.length = header.length;
    this.rows = header.rows;
    this.header = header;
    this.tables = new Map();
    this.wholes = new Map();
    this.groupOf = new Map();
    for (const [name, flags] of Object.entries(header.groups)) for (const flag of flags) this.groupOf.set(flag, name);
    this.kept = {};
    this.pairs = new Map();
    this.places = new Map();
    let next = this.#read(header, planes(bytes, at, header.numbers, 4, Int32Array)) * 4 + at;
    this.columns = header.sizes.map((size) => {
      const width = size <= 256 ? 1 : 2;
      const column = width === 1 ? bytes.subarray(next, next + this.rows)
        : planes(bytes, next, this.rows, 2, Uint16Array);
      next += width * this.rows;
      return column;
    });
    this.sets = new Map();
    this.found = new Held(KEPT_SETS);
    this.held = new Held(KEPT_ANSWERS);
    this.isWhole = this.length < THIN_FROM;
  }

  /** Adds the tables of three and more variables. @param {Awaited<ReturnType<typeof fetchCompact>>} file */
  add({ header, bytes, at }) {
    for (const [variable, codes] of Object.entries(header.selection.kept)) {
      const places = new Uint16Array(this.sizes[variable]);
      codes.forEach((code, place) => { places[code] = place + 1; });
      this.kept[variable] = codes;
      this.places.set(Number(variable), places);
    }
    for (const [name, cells] of Object.entries(header.selection.pairs)) {
      const [one, other] = name.split(",");
      const mask = new Uint8Array(this.kept[one].length * this.kept[other].length);
      for (const cell of cells) mask[cell] = 1;
      this.pairs.set(name, mask);
    }
    this.#read(header, planes(bytes, at, header.numbers, 4, Int32Array));
    this.isWhole = true;
  }

  #read(header, numbers) {
    let at = 0;
    header.sets.forEach((set, i) => {
      const table = { set, deviation: header.deviations[i], scale: header.scales[i], numbers, at, shape: this.#shape(set) };
      this.tables.set(key(set), table);
      at += this.#stored(set, table.shape);
    });
    if (at !== header.numbers) throw new Error("the tables are not as long as they should be");
    return at;
  }

  wide(set) {
    if (set.length < THIN_FROM || set.every((variable) => this.sizes[variable] < WIDE)) return [];
    return set.filter((variable) => this.sizes[variable] >= BESIDE);
  }

  #shape(set) {
    const wide = this.wide(set);
    return set.map((v) => (wide.includes(v) ? this.kept[v].length + 1 : this.sizes[v]));
  }

  /** Whether a cell at these places along the wide variables was measured. */
  #isCell(wide, places) {
    for (let i = 0; i < wide.length; i++) {
      if (!places[i]) return false;
      for (let j = i + 1; j < wide.length; j++) {
        if (!places[j]) return false;
        const mask = this.pairs.get(`${wide[i]},${wide[j]}`);
        if (!mask[(places[i] - 1) * this.kept[wide[j]].length + places[j] - 1]) return false;
      }
    }
    return true;
  }

  /** How many numbers of a table are in the file. */
  #stored(set, shape) {
    const wide = this.wide(set);
    let others = 1;
    set.forEach((v, axis) => { if (!wide.includes(v)) others *= shape[axis] - 1; });
    return others * (wide.length ? this.#cells(wide) : 1);
  }

  #cells(wide) {
    let found = 0;
    const walk = (places) => {
      if (places.length === wide.length) found += this.#isCell(wide, places) ? 1 : 0;
      else for (let place = 1; place <= this.kept[wide[places.length]].length; place++) walk([...places, place]);
    };
    walk([]);
    return found;
  }

  /** The residuals of a set, whole: what was left out follows from sums of zero. Made when first asked for. */
  #residual(set) {
    const table = this.tables.get(key(set));
    if (!table) return null;
    if (table.full) return table;
    const { shape, numbers } = table, wide = this.wide(set);
    const steps = shape.map((_, axis) => shape.slice(axis + 1).reduce((a, b) => a * b, 1));
    const full = new Float64Array(shape.reduce((a, b) => a * b, 1));
    let at = table.at;
    const fill = (axis, where, places) => {
      if (axis === set.length) {
        if (!wide.length || this.#isCell(wide, places)) full[where] = numbers[at++] / table.scale;
        return;
      }
      const isWide = wide.includes(set[axis]);
      for (let i = 1; i < shape[axis]; i++) fill(axis + 1, where + i * steps[axis], isWide ? [...places, i] : places);
    };
    fill(0, 0, []);
    set.forEach((variable, axis) => {
      if (!wide.includes(variable)) complete(full, shape[axis], steps[axis]);
    });
    return Object.assign(table, { full, steps });
  }

  /** The same counts with few categories of each wide variable: "known" is everybody less "not known". */
  #byComplement(factor, event) {
    for (const variable of this.wide(event.map((pair) => pair[0]))) {
      const categories = chosenOf(event, variable), size = this.sizes[variable];
      if (2 * categories.length <= size) continue;
      const rest = without(event, variable), own = new Set(categories), others = [];
      for (let category = 0; category < size; category++) if (!own.has(category)) others.push(category);
      const parts = this.#byComplement(factor, rest);
      return others.length ? parts.concat(this.#byComplement(-factor, both(rest, [[variable, others]]))) : parts;
    }
    return [[factor, event]];
  }

  /** People of `base` by the categories of one variable that is not in it; null without any measurement. */
  along(base, free) {
    const joined = both(base, [[free, [1]]]);
    if (joined.length > this.length) return null;
    const total = new Float64Array(this.sizes[free]), known = new Uint8Array(this.sizes[free]).fill(1);
    for (const [factor, one] of this.#byComplement(1, joined)) {
      for (const inner of subsets(one.map((pair) => pair[0]))) {
        const table = this.#residual(inner);
        if (!table) return null;
        this.#addPart(total, known, factor, one, inner, table, free);
      }
    }
    return { total, known };
  }

  #addPart(total, known, factor, one, inner, table, free) {
    const wide = this.wide(inner), freely = inner.includes(free);
    let evenly = factor;
    for (const [variable, categories] of one) {
      if (!inner.includes(variable)) evenly *= (variable === free ? 1 : categories.length) / this.sizes[variable];
    }
    const lists = inner.map((v) => {
      const categories = v === free ? [...total.keys()] : chosenOf(one, v);
      return wide.includes(v) ? categories.map((category) => this.places.get(v)[category]) : categories;
    });
    const walk = (axis, where, places, category) => {
      if (axis === inner.length) {
        const seen = !wide.length || this.#isCell(wide, places);
        const value = evenly * table.full[where];
        if (freely) {
          total[category] += value;
          if (!seen) known[category] = 0;
        } else {
          for (let i = 0; i < total.length; i++) total[i] += value;
          if (!seen) known.fill(0);
        }
        return;
      }
      const isWide = wide.includes(inner[axis]), isFree = inner[axis] === free;
      lists[axis].forEach((place, i) => {
        walk(axis + 1, where + place * table.steps[axis], isWide ? [...places, place] : places, isFree ? i : category);
      });
    };
    walk(0, 0, [], 0);
  }

  /** What a query takes of each residual table. */
  #loadings(query) {
    const found = new Map();
    for (const [own, whole] of query) {
      for (const [factor, one] of this.#byComplement(own, whole)) {
        for (const inner of subsets(one.map((pair) => pair[0]))) {
          let evenly = factor;
          for (const [v, categories] of one) if (!inner.includes(v)) evenly *= categories.length / this.sizes[v];
          const cells = inner.map((v) => chosenOf(one, v)), name = key(inner), cell = cells.map(key).join(";");
          if (!found.has(name)) found.set(name, { inner, sums: new Map() });
          const sums = found.get(name).sums;
          sums.set(cell, { cells, factor: (sums.get(cell)?.factor ?? 0) + evenly });
        }
      }
    }
    return found;
  }

  #covariance(one, two) {
    let total = 0;
    for (const [name, { inner, sums }] of one) {
      const table = this.tables.get(name), others = two.get(name);
      if (!others || !table) continue;
      const wide = this.wide(inner);
      for (const first of sums.values()) {
        for (const second of others.sums.values()) {
          let product = table.deviation ** 2 * first.factor * second.factor;
          inner.forEach((v, axis) => {
            const [a, b] = [first.cells[axis], second.cells[axis]], own = a.length > 8 ? new Set(b) : null;
            const common = a.reduce((sum, c) => sum + ((own ? own.has(c) : b.includes(c)) ? 1 : 0), 0);
            product *= common - (wide.includes(v) ? 0 : a.length * b.length / this.sizes[v]);
          });
          total += product;
        }
      }
    }
    return total;
  }

  /** The value of a query's loadings; null where something in it was not measured. */
  #value(loadings) {
    let total = 0;
    for (const { inner, sums } of loadings.values()) {
      const table = this.#residual(inner);
      if (!table) return null;
      const wide = this.wide(inner);
      for (const { cells, factor } of sums.values()) {
        let seen = true, sum = 0;
        const walk = (axis, where, places) => {
          if (axis === inner.length) {
            if (wide.length && !this.#isCell(wide, places)) seen = false;
            sum += table.full[where];
            return;
          }
          const v = inner[axis], isWide = wide.includes(v);
          for (const category of cells[axis]) {
            const place = isWide ? this.places.get(v)[category] : category;
            walk(axis + 1, where + place * table.steps[axis], isWide ? [...places, place] : places);
          }
        };
        walk(0, 0, []);
        if (!seen) return null;
        total += factor * sum;
      }
    }
    return total;
  }

  // ---- conditions --------------------------------------------------------------------------------------------------

  /** @param {Event} people @param {number} variable @returns {Condition|null} those of whom its shares are */
  denominator(people, variable) {
    const known = (v) => [[v, [...Array(this.sizes[v]).keys()].slice(1)]];
    const group = this.groupOf.get(variable);
    if (group === undefined) {
      if (this.sizes[variable] === 2) return null;
      return { base: both(people, known(variable)), alternatives: [] };
    }
    const flags = this.groups[group].map(known);
    return { base: people, alternatives: flags.some((one) => within(people, one)) ? [] : [flags], group };
  }

  #attributes(condition) {
    const events = [condition.base, ...condition.alternatives.flat()];
    return new Set(events.flatMap((event) => event.map((pair) => pair[0])));
  }

  /** By inclusion and exclusion. */
  #query(condition) {
    let terms = [[1, condition.base]];
    for (const events of condition.alternatives) {
      const signed = subsets(events).slice(1).map((some) => [(-1) ** (some.length + 1), some.reduce(both)]);
      terms = signed.flatMap(([sign, one]) => terms.map(([factor, base]) => [sign * factor, both(base, one)]));
    }
    return terms.filter((term) => isPossible(term[1]));
  }

  #limit(condition, error) {
    let deviations = LEAST_DEVIATIONS;
    const chosen = condition.base;
    if (!condition.alternatives.length && chosen.length >= 2) {
      let cells = 1;
      for (const [v, categories] of chosen) {
        const known = this.sizes[v] - (categories.includes(0) ? 0 : 1);
        cells *= Math.ceil(known / Math.max(1, categories.length));
      }
      deviations = Math.max(deviations, rounded(normalQuantile(1 - this.header.expected_false / cells), 4));
    }
    return Math.max(this.header.threshold, deviations * rounded(error, 4));
  }

  /** @returns {Count|null} */
  #measured(condition) {
    if (this.#attributes(condition).size > this.length) return null;
    const loadings = this.#loadings(this.#query(condition)), value = this.#value(loadings);
    if (value === null) return null;
    const error = Math.sqrt(Math.max(0, this.#covariance(loadings, loadings)));
    const few = rounded(value, 2) < this.#limit(condition, error);
    const [low, high] = [Math.max(0, value - Z95 * error), Math.max(0, value + Z95 * error)];
    return { value, low, high, source: "counts", few };
  }

  // ---- records -----------------------------------------------------------------------------------------------------

  /** Which records have each category of a variable of few. @returns {Uint32Array[]} */
  #setsOf(variable) {
    if (!this.sets.has(variable)) {
      const words = Math.ceil(this.rows / 32), size = this.sizes[variable], column = this.columns[variable];
      const all = new Uint32Array(words * size);
      for (let i = 0; i < this.rows; i++) all[column[i] * words + (i >>> 5)] |= 1 << (i & 31);
      this.sets.set(variable, Array.from({ length: size }, (_, i) => all.subarray(i * words, (i + 1) * words)));
    }
    return this.sets.get(variable);
  }

  /** Which records have any of these categories. The set is not to be changed. */
  #having(variable, categories) {
    if (this.sizes[variable] <= NARROW) {
      const own = this.#setsOf(variable);
      if (categories.length === 1) return own[categories[0]];
      return categories.reduce((set, category) => join(set, own[category]), new Uint32Array(own[0].length));
    }
    const column = this.columns[variable], wanted = new Uint8Array(this.sizes[variable]);
    for (const category of categories) wanted[category] = 1;
    const set = new Uint32Array(Math.ceil(this.rows / 32));
    for (let i = 0; i < this.rows; i++) set[i >>> 5] |= wanted[column[i]] << (i & 31);
    return set;
  }

  /** Which records meet an event. @returns {Records} */
  #found(event) {
    return this.found.get(`all:${eventName(event)}`, () => recordsOf(event
      .map((pair) => this.found.get(eventName([pair]), () => this.#having(...pair)))
      .reduce(meet, this.#everybody())));
  }

  #everybody() {
    const bits = new Uint32Array(Math.ceil(this.rows / 32)).fill(-1);
    if (this.rows % 32) bits[bits.length - 1] = 2 ** (this.rows % 32) - 1;
    return bits;
  }

  #histogram(variable, found) {
    const size = this.sizes[variable], counts = new Float64Array(size), column = this.columns[variable];
    if (size <= NARROW) {
      counts[0] = found.size;
      for (let i = 1; i < size; i++) {
        counts[i] = common(this.#setsOf(variable)[i], found);
        counts[0] -= counts[i];
      }
      return counts;
    }
    for (const word of found.words) {
      for (let bits = found.bits[word]; bits; bits &= bits - 1) counts[column[32 * word + 31 - Math.clz32(bits & -bits)]]++;
    }
    return counts;
  }

  /** Which records have any answer in a group. */
  #answeredIn(group) {
    return this.found.get(`any:${group}`, () => {
      const own = this.groups[group].flatMap((flag) => this.#setsOf(flag).slice(1));
      return own.reduce(join, new Uint32Array(own[0].length));
    });
  }

  /** @returns {Count} */
  #recorded(condition) {
    const found = this.#found(condition.base);
    const value = condition.alternatives.length ? common(this.#answeredIn(condition.group), found) : found.size;
    const [low, high] = resampled(value, this.rows);
    const few = value < this.header.threshold;
    return { value, low: this.rows * low, high: this.rows * high, source: "records", few };
  }

  // ---- answers -----------------------------------------------------------------------------------------------------

  /** @param {Event} people @returns {Count} how many they are */
  total(people) {
    const condition = { base: people, alternatives: [] };
    return this.held.get(`total:${nameOf(condition)}`, () => {
      const found = this.#measured(condition);
      if (!found) return this.#recorded(condition);
      const wholes = this.#wholesOf(people);
      return wholes.length ? this.#enough(notAbove(found, smallest(wholes))) : found;
    });
  }

  /** Marked as too few to say where a number now is. */
  #enough(number) {
    return { ...number, few: number.few || number.value < this.header.threshold };
  }

  /** Measured numbers of those of whom some people are a part. @param {Event} people @returns {Count[]} */
  #wholesOf(people) {
    return subsets(people).filter((one) => one.length < people.length).map((base) => this.#people(base)).filter(Boolean);
  }

  /** How many people there are, as measured. @param {Event} base @returns {Count|null} */
  #people(base) {
    return this.held.get(`people:${eventName(base)}`, () => this.#measured({ base, alternatives: [] }));
  }

  /** These people by the categories of one variable. @param {Event} people @param {number} variable @returns {Counted} */
  by(people, variable) {
    return this.held.get(`by:${variable}:${eventName(people)}`, () => this.#by(people, variable));
  }

  #by(people, variable) {
    const cells = this.#cellsOf(people, variable), { whole, shares } = this.#shares(people, variable, cells);
    const size = this.sizes[variable], own = chosenOf(people, variable) ?? [...Array(size).keys()];
    const categories = own.filter((category) => category > 0);
    const pick = (list) => categories.map((category) => list[category]);
    const [share, shareLow, shareHigh] = shares.map(pick);
    const few = pick(cells.few), isFew = share.map((s, i) => few[i] || Number.isNaN(s) || !whole || whole.few);
    return { categories, count: pick(cells.count), low: pick(cells.low), high: pick(cells.high), few, share, shareLow,
      shareHigh, measured: pick(cells.measured), shareFew: isFew, whole };
  }

  /** Kept, since all flags of a group are asked for by each of them. */
  #cellsOf(people, variable) {
    return this.held.get(`cells:${variable}:${eventName(people)}`, () => this.#made(people, variable));
  }

  #made(people, variable) {
    const others = without(people, variable), size = this.sizes[variable];
    const estimated = this.along(others, variable);
    const most = Math.max(1, this.total(people).value);
    const recorded = () => this.#histogram(variable, this.#found(people)).map((value) => Math.min(value, most));
    const threshold = this.header.threshold;
    let count, measured = Array(size).fill(false), error = 0, few;
    if (!estimated || !estimated.known.includes(1)) {
      count = recorded();
      few = [...count].map((value) => value < threshold);
    } else {
      measured = [...estimated.known].map((one) => one === 1);
      const records = measured.includes(false) ? recorded() : null;
      count = estimated.total.map((value, i) => (measured[i] ? value : records[i]));
      error = this.#error(both(others, [[variable, [1]]]));
      const limits = [0, 1].map((category) =>
        this.#limit({ base: both(others, [[variable, [category]]]), alternatives: [] }, error));
      few = [...count].map((value, i) => (measured[i] ? rounded(value, 2) < limits[i ? 1 : 0] : value < threshold));
    }
    const ends = [...count].map((value, i) => (measured[i]
      ? [Math.max(0, value - Z95 * error), Math.max(0, value + Z95 * error)]
      : resampled(value, this.rows).map((end) => end * this.rows)));
    const [low, high] = [0, 1].map((side) => ends.map((end) => end[side]));
    const cells = { count, estimated: count, measured, few, error, low, high };
    return measured.includes(true) ? this.#notAboveWholes(cells, people, variable) : cells;
  }

  #error(event) {
    const loadings = this.#loadings([[1, event]]);
    return Math.sqrt(Math.max(0, this.#covariance(loadings, loadings)));
  }

  /** People of `base` by the categories of a variable, with their standard error; null without any measurement. */
  #table(base, variable) {
    return this.held.get(`table:${variable}:${eventName(base)}`, () => {
      const found = this.along(base, variable);
      return found && { ...found, error: this.#error(both(base, [[variable, [1]]])) };
    });
  }

  /** No cell that is shown is more than any of the people it is a part of. */
  #notAboveWholes(cells, people, variable) {
    const others = without(people, variable), { value: all, high: end } = this.total(people);
    const own = { value: all, low: Math.max(0, 2 * all - end), high: end };
    const fixed = [...this.#wholesOf(others), this.#people(others), own].filter(Boolean);
    const tables = subsets(others).filter((one) => one.length < others.length)
      .map((base) => this.#table(base, variable)).filter(Boolean);
    const [count, low, high, few] = [[...cells.count], [...cells.low], [...cells.high], [...cells.few]];
    count.forEach((value, i) => {
      if (few[i]) return;
      const along = tables.filter((table) => table.known[i]).map(({ total, error }) => ({ value: total[i],
        low: Math.max(0, total[i] - Z95 * error), high: Math.max(0, total[i] + Z95 * error) }));
      const found = notAbove({ value, low: low[i], high: high[i] }, smallest([...along, ...fixed]));
      few[i] = found.value < value && rounded(found.value, 2) < this.header.threshold;
      [count[i], low[i], high[i]] = [found.value, found.low, found.high];
    });
    return { ...cells, count, low, high, few };
  }

  /** How many people the shown answers need. Flags of a group do not exclude each other, and have one whole. */
  #shown(people, variable, cells) {
    const group = this.groupOf.get(variable);
    if (group !== undefined) {
      const flags = this.groups[group];
      return Math.max(...flags.map((flag) => this.#needed(people, flag, this.#cellsOf(people, flag))));
    }
    return this.#needed(people, variable, cells);
  }

  #needed(people, variable, cells) {
    const own = chosenOf(people, variable) ?? [...cells.count.keys()];
    return own.reduce((sum, i) => sum + (i && !cells.few[i] ? cells.count[i] : 0), 0);
  }

  #shares(people, variable, cells) {
    const size = this.sizes[variable], nothing = Array(size).fill(NaN), unknown = [nothing, nothing, nothing];
    const condition = this.denominator(people, variable);
    if (!condition) return { whole: null, shares: unknown };
    const published = this.header.published[variable];
    if (!people.length && published) {
      const [whole, share] = published, few = whole.count < this.header.threshold;
      const number = { value: whole.count, low: whole.low95, high: whole.high95, source: "bounds", few };
      const shares = share ? ["share", "low95", "high95"].map((end) => [NaN, share[end]]) : unknown;
      return { whole: number, shares };
    }
    const name = nameOf(condition), wanted = cells.measured.includes(true);
    const measured = wanted ? this.held.get(`whole:${name}`, () => this.#measured(condition)) : null;
    const found = measured ?? this.held.get(`records:${name}`, () => this.#recorded(condition));
    if (found.value <= 0) return { whole: found, shares: unknown };
    const [number, of] = answered(found, this.#shown(people, variable, cells), this.total(people));
    const whole = this.#enough(number);
    if (of <= 0) return { whole, shares: unknown };
    const shares = this.#quotients(of, cells);
    if (measured) this.#ratios(people, variable, condition, found.value, of, cells, shares);
    return { whole, shares };
  }

  /** whole: as it was estimated, which the intervals are of; of: what shares are computed with. */
  #ratios(people, variable, condition, whole, of, cells, shares) {
    const own = (chosenOf(people, variable) ?? [1]).filter((category) => category > 0);
    if (!own.length) return;
    const part = this.#loadings([[1, both(people, [[variable, [Math.min(...own)]]])]]);
    const all = this.held.get(`loadings:${nameOf(condition)}`, () => this.#loadings(this.#query(condition)));
    const [variance, shared, other] = [[part, part], [part, all], [all, all]].map((two) => this.#covariance(...two));
    for (let i = 1; i < this.sizes[variable]; i++) {
      if (!cells.measured[i]) continue;
      const [, low, high] = ratioInterval(cells.estimated[i], whole, variance, shared, other) ?? [NaN, NaN, NaN];
      const share = Number.isNaN(low) ? NaN : unit(cells.count[i] / of);
      [share, Math.min(low, share), Math.max(high, share)].forEach((end, which) => { shares[which][i] = end; });
    }
  }

  #quotients(whole, cells) {
    const shares = [[NaN], [NaN], [NaN]];
    for (let i = 1; i < cells.count.length; i++) {
      const share = unit(cells.count[i] / whole);
      let [low, high] = resampled(Math.max(0, cells.count[i]), whole);
      if (cells.measured[i]) {
        const margin = Z95 * Math.sqrt(cells.error ** 2 + DRAWS * whole * share * (1 - share)) / whole;
        [low, high] = [unit(share - margin), unit(share + margin)];
      }
      [share, low, high].forEach((end, which) => { shares[which][i] = end; });
    }
    return shares;
  }
}

/** Fills in the first category along an axis, so that the sum along it is zero. */
function complete(full, size, step) {
  for (let block = 0; block < full.length; block += size * step) {
    for (let inner = block; inner < block + step; inner++) {
      let sum = 0;
      for (let i = 1; i < size; i++) sum += full[inner + i * step];
      full[inner] = -sum;
    }
  }
}
