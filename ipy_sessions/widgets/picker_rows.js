/* The rows, as the columns of `columns.py` bring them, and which of them are wanted. Nothing here knows the page. */
const PINNED = 1, ARCHIVED = 2, INTERRUPTED = 4, UNWRITTEN = 8, CURRENT = 16, NAMED = 32;
const DAY = 86400;

const folded = text => /^[\x20-\x7e]*$/.test(text)
  ? text.toLowerCase() : text.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase();

const rowsOf = columns => {
  let number = 0, modified = 0;
  return columns.title.map((title, at) => {
    number += columns.number[at];
    modified += columns.modified[at];
    const row = {
      number, title, modified,
      more: columns.more[at], tail: columns.tail[at], created: modified - columns.age[at], flags: columns.flags[at],
      notebook: columns.notebooks[columns.notebook[at]], model: columns.models[columns.model[at]],
      tags: columns.tags[columns.tag[at]], owner: columns.owners[at] || '',
    };
    row.called = row.flags & NAMED ? title : title + row.more;  // an unnamed one goes on where its title was cut
    row.text = folded([row.called, row.more, row.tail, row.notebook, ...row.tags].join('\n'));
    return row;
  });
};

/* From what was typed to what is wanted: words, "several words", tag:x model:y notebook:z after:2026-01-31 before:… */
const asked = typed => {
  const wanted = { words: [], tag: [], model: [], notebook: [], after: -Infinity, before: Infinity, typed: [] };
  const parts = /(?:(tag|model|notebook|after|before):)?(?:"([^"]*)"?|(\S+))/giu;
  for (const [whole, kind, quoted, bare] of typed.matchAll(parts)) {
    const text = folded(quoted ?? bare);
    const name = kind?.toLowerCase();
    if (name === 'after' || name === 'before') {
      const time = new Date(`${text}T00:00`).getTime() / 1000;
      if (!Number.isNaN(time)) wanted[name] = time;
    } else if (text) (name ? wanted[name] : wanted.words).push(text);
    if (!kind) wanted.typed.push(whole);
  }
  return wanted;
};

const KINDS = {
  all: row => !(row.flags & ARCHIVED),
  pinned: row => row.flags & PINNED && !(row.flags & ARCHIVED),
  interrupted: row => row.flags & INTERRUPTED && !(row.flags & ARCHIVED),
  elsewhere: row => row.owner,
  archived: row => row.flags & ARCHIVED,
};

/* Tells of a row whether it is wanted: by what was typed, and by the menus. `found` are those whose text holds it. */
const taker = (typed, menus, found) => {
  const { words, tag, model, notebook, after, before } = asked(typed);
  const kind = KINDS[menus.kind] || KINDS.all;
  const since = menus.days ? Date.now() / 1000 - menus.days * DAY : -Infinity;
  return row => kind(row)
    && row.modified >= since && row.modified >= after && row.modified < before
    && (menus.notebook === null || row.notebook === menus.notebook)
    && (menus.model === null || row.model === menus.model)
    && (menus.tag === null || row.tags.includes(menus.tag))
    && tag.every(one => row.tags.some(tag => folded(tag).startsWith(one)))
    && model.every(one => folded(row.model).includes(one))
    && notebook.every(one => folded(row.notebook).includes(one))
    && (words.every(word => row.text.includes(word)) || found?.has(row.number));
};

const collator = new Intl.Collator(undefined, { numeric: true, sensitivity: 'base' });
const ORDERS = {
  modified: (a, b) => (b.flags & PINNED) - (a.flags & PINNED) || b.modified - a.modified,
  title: (a, b) => collator.compare(a.called, b.called) || b.modified - a.modified,
  created: (a, b) => b.created - a.created,
  notebook: (a, b) => collator.compare(a.notebook, b.notebook) || b.modified - a.modified,
};

const ago = (time, now = Date.now() / 1000) => {
  const age = now - time, then = new Date(time * 1000), today = new Date(now * 1000);
  if (age < 60) return 'now';
  if (age < 3600) return `${Math.floor(age / 60)} min`;
  if (age < DAY) return `${Math.floor(age / 3600)} h`;
  if (age < 7 * DAY) return then.toLocaleDateString('en', { weekday: 'short' });
  const year = then.getFullYear() === today.getFullYear() ? undefined : 'numeric';
  return then.toLocaleDateString('en-GB', { day: 'numeric', month: 'short', year });
};

const dated = time => new Date(time * 1000).toLocaleString('en-GB', { dateStyle: 'medium', timeStyle: 'short' });

const stem = path => path.split('/').pop().replace(/\.ipynb$/, '');

/* How often each value is there, the most frequent first. */
const counted = values => {
  const counts = new Map();
  for (const value of values) counts.set(value, (counts.get(value) || 0) + 1);
  return [...counts].sort((a, b) => b[1] - a[1] || collator.compare(a[0], b[0]));
};

const unpacked = async buffer => {
  const stream = new Blob([buffer]).stream().pipeThrough(new DecompressionStream('gzip'));
  return JSON.parse(await new Response(stream).text());
};
