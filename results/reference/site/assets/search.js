// Searches an index of claims as harness/finding/index.py does, in its tables (Index.exported).
//
//   const found = searchIndex(tables, "does tmpfs count as cache?");
//   found.hits[0].document.claim; found.readAs; found.unknown
//
// It has no stemmer: the words that claims and vocabulary are written in, and their inflections, have their stems in the tables.
"use strict";

const FOLDERS = new Set("proc sys vm kernel mm fs cgroup self pid usr etc var module parameters".split(" "));
const ECHO = /echo\s+(?:-n\s+)?["']?(-?[\p{L}\p{N}_]+)["']?\s*(?:>+|\|\s*(?:sudo\s+)?tee(?:\s+-a)?)\s*(\S+)/gu;
const PATH = /\/(?:proc|sys|etc|usr|var|dev)(?:\/[\p{L}\p{N}_.*<>$-]+)+/gu;
const WORD = /(?<![\p{L}\p{N}_-])-\p{Nd}+|\p{L}+|\p{Nd}+(?:\.\p{Nd}+)?/gu;
const LONGEST = 2000;
const BEGINNING = 4;

function searchForms(text) {
  const plain = text
    .slice(0, LONGEST)
    .replace(/(?<=[a-z])(?=[A-Z][a-z])/g, " ")
    .toLowerCase()
    .normalize("NFKD")
    .replace(/\p{M}/gu, "")
    .replace(ECHO, "$2 $1")
    .replace(PATH, (path) => path.split("/").filter((part) => !FOLDERS.has(part)).join(" "))
    .replace(/\bvm[./](?=[\p{L}\p{N}_])/gu, "")
    .replace(/(?<=[\p{L}\p{N}_])\(\)/gu, " function");
  return plain.match(WORD) || [];
}

// How many letters are wrong, missing, too many or swapped (optimal string alignment).
function searchDistance(one, other) {
  let before = [];
  let last = [...Array(other.length + 1).keys()];
  for (let i = 1; i <= one.length; i++) {
    const row = [i];
    for (let j = 1; j <= other.length; j++) {
      row[j] = Math.min(last[j] + 1, row[j - 1] + 1, last[j - 1] + (one[i - 1] === other[j - 1] ? 0 : 1));
      if (i > 1 && j > 1 && one[i - 1] === other[j - 2] && one[i - 2] === other[j - 1]) row[j] = Math.min(row[j], before[j - 2] + 1);
    }
    before = last;
    last = row;
  }
  return last[other.length];
}

function searchNearest(word, known) {
  const allowed = word.length < 5 ? 0 : word.length < 7 ? 1 : 2;
  const before = (a, b) => a[0] - b[0] || (a[1] < b[1] ? -1 : 1);
  let best = null;
  for (const one of known) {
    if (one.length <= 3 || Math.abs(one.length - word.length) > allowed) continue;
    const distance = searchDistance(word, one);
    if (distance > allowed || (distance === 2 && one[0] !== word[0])) continue;
    if (best === null || before([distance, one], best) < 0) best = [distance, one];
  }
  if (best) return best[1];
  const beginnings = known.filter((one) => one.length >= BEGINNING && word.startsWith(one));
  if (beginnings.length) return beginnings.reduce((a, b) => (before([b.length, b], [a.length, a]) > 0 ? b : a));
  const longer = word.length >= BEGINNING ? known.filter((one) => one.startsWith(word)) : [];
  return longer.length ? longer.reduce((a, b) => (before([b.length, b], [a.length, a]) < 0 ? b : a)) : null;
}

function searchSpelt(stems, tables) {
  const found = [];
  const longest = Math.max(1, ...Object.keys(tables.same).map((phrase) => phrase.split(" ").length));
  for (let at = 0; at < stems.length; ) {
    let length = Math.min(longest, stems.length - at);
    while (length > 0 && !Object.hasOwn(tables.same, stems.slice(at, at + length).join(" "))) length--;
    if (length > 0) found.push(...tables.same[stems.slice(at, at + length).join(" ")]);
    else if (!tables.stop.includes(stems[at])) found.push(stems[at]);
    at += Math.max(1, length);
  }
  return found;
}

function searchIndex(tables, text) {
  const numbers = tables.numbers;
  const isNumber = (term) => /^-*[\d.]+$/.test(term);
  const known = Object.keys(tables.known);
  const readAs = {};
  const unknown = [];
  let lost = 0;
  const lose = () => (lost += Math.max(...Object.values(tables.rarity)) / 2);
  const stems = [];
  for (const word of searchForms(text)) {
    if (Object.hasOwn(tables.known, word)) stems.push(...tables.known[word].split(" "));
    else if (Object.hasOwn(tables.inflected, word)) stems.push(tables.inflected[word]);
    else if (Object.hasOwn(tables.rarity, word)) stems.push(word);
    else {
      const near = searchNearest(word, known);
      if (near !== null) {
        if (!tables.stop.includes(tables.known[near])) {
          readAs[word] = near;
          lose();
        }
        stems.push(...tables.known[near].split(" "));
      } else if (!isNumber(word)) {
        unknown.push(word);
        lose();
      }
    }
  }
  const terms = searchSpelt(stems, tables);
  const most = Math.max(1, ...Object.keys(tables.means).map((phrase) => phrase.split(" ").length));
  const means = new Map();
  for (let length = 1; length <= most; length++)
    for (let at = 0; at + length <= terms.length; at++) {
      const phrase = terms.slice(at, at + length).join(" ");
      if (Object.hasOwn(tables.means, phrase)) means.set(phrase, [length, tables.means[phrase]]);
    }
  const within = new Set([...means].filter(([, [length]]) => length > 1).flatMap(([phrase]) => phrase.split(" ")));
  const parts = [];
  const add = (shares, worth) => {
    const there = Object.entries(shares).filter(([term]) => Object.hasOwn(tables.rarity, term));
    if (there.length) parts.push({ there, worth, rarity: Math.max(...there.map(([term, share]) => share * tables.rarity[term])) });
  };
  for (const term of new Set(terms)) {
    const meant = means.get(term);
    means.delete(term);
    add({ ...(meant ? meant[1] : {}), [term]: 1 }, isNumber(term) ? numbers.number : within.has(term) ? numbers.pair : 1);
  }
  for (const [phrase, [, others]] of means) add({ ...others, [phrase]: 1 }, 1);
  const pairs = terms.slice(1).map((term, at) => [terms[at], term]).filter(([one, other]) => one !== other);
  for (const pair of new Set(pairs.map((pair) => pair.join(" "))))
    add({ [pair]: 1 }, pair.split(" ").some(isNumber) ? numbers.numbered : numbers.pair);
  const scores = new Map();
  const covered = new Map();
  for (const { there, worth, rarity } of parts) {
    const best = new Map();
    for (const [term, share] of there) {
      const weights = tables.weights[term];
      for (let at = 0; at < weights.length; at += 2)
        best.set(weights[at], Math.max(best.get(weights[at]) || 0, share * weights[at + 1]));
    }
    for (const [at, weight] of best) {
      scores.set(at, (scores.get(at) || 0) + worth * weight);
      if (worth === 1) covered.set(at, (covered.get(at) || 0) + Math.min(rarity, weight));
    }
  }
  const whole = parts.filter(({ worth }) => worth === 1).reduce((sum, { rarity }) => sum + rarity, lost);
  const found = new Map([...covered].filter(([, part]) => part > 0).map(([at, part]) => [at, part / whole]));
  const name = text.trim().toLowerCase();
  if (/^[\p{L}\p{N}_-]{3,}$/u.test(name))
    tables.documents.forEach((one, at) => {
      if (!one.claim.includes(name) && !one.experiment.includes(name)) return;
      found.set(at, 1);
      scores.set(at, (scores.get(at) || 0) + numbers.named);
    });
  const hits = [...found]
    .map(([at, covers]) => ({
      document: tables.documents[at],
      score: scores.get(at) * (1 - numbers.covered + numbers.covered * covers),
      covers,
      fits: covers >= numbers.fits,
    }))
    .sort((a, b) => b.score - a.score || (a.document.claim < b.document.claim ? -1 : 1));
  return { hits, readAs, unknown };
}
