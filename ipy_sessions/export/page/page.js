// The page's own script: which branch is seen, search, folding, the theme. It makes no HTML out of anything.
(() => {
  'use strict';
  const by = id => document.getElementById(id);
  const [talk, others, find, count, turns] = ['talk', 'others', 'find', 'count', 'turns'].map(by);
  document.documentElement.classList.add('scripted');
  for (const id of ['tools', 'keys']) by(id).hidden = false;
  others.hidden = true;

  // Which branch is seen. A stretch names the one above it; one way below each is chosen, at first the active one.
  const nodes = [...document.querySelectorAll('article')];
  const named = new Map(nodes.map(node => [node.id, node]));
  const above = node => node.dataset.above || '';
  const below = new Map(), chosen = new Map(), rows = new Map();
  for (const node of nodes) {
    if (!below.has(above(node))) below.set(above(node), []);
    below.get(above(node)).push(node);
    if (node.parentNode === talk) chosen.set(above(node), node);
  }
  for (const link of turns.querySelectorAll('a')) rows.set(link.hash.slice(1), link);

  function way(node) {
    const found = [];
    for (let at = node; at; at = named.get(above(at))) found.unshift(at);
    for (const at of found) chosen.set(above(at), at);
    for (let at = node; below.has(at.id);) {
      at = chosen.get(at.id) || below.get(at.id).at(-1);
      found.push(at);
    }
    return found;
  }
  function show(node) {
    if (node.parentNode === talk) return;
    const path = way(node), keep = new Set(path), now = [...talk.children];
    const same = path.findIndex((one, at) => one !== now[at]);
    others.append(...now.slice(same).filter(one => !keep.has(one)));
    talk.append(...path.slice(same));
    for (const [id, link] of rows) link.parentNode.classList.toggle('off', named.get(id).parentNode !== talk);
  }
  function reveal(id) {
    const node = named.get(id);
    if (!node) return;
    show(node);
    node.scrollIntoView({block: 'start'});
    mark(id);
  }
  function mark(id) {
    turns.querySelector('[aria-current]')?.removeAttribute('aria-current');
    const link = rows.get(id);
    link?.setAttribute('aria-current', 'true');
    if (link && turns.scrollHeight > turns.clientHeight && getComputedStyle(turns).position === 'sticky')
      turns.scrollTop = link.parentNode.offsetTop - turns.clientHeight / 2;
  }
  addEventListener('hashchange', () => reveal(location.hash.slice(1)));
  document.addEventListener('click', event => {
    const link = event.target.closest('a[href^="#"]');
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    const id = link.hash.slice(1), way = link.closest('.ways');
    reveal(id);
    if (location.hash !== link.hash) location.hash = id;
    turns.classList.remove('open');
    by('list').setAttribute('aria-expanded', 'false');
    if (way) {  // the same arrow of the version that is seen now, so that one can go on pressing it
      const arrows = named.get(id).querySelectorAll('.ways a');
      arrows[link === way.lastElementChild ? 1 : 0]?.focus({preventScroll: true});
    }
  });
  if (location.hash) reveal(location.hash.slice(1));

  // Search, in what was said on every branch; a hit is a piece of text, which is painted and not changed.
  const MOST = 5000;
  const texts = new Map();
  let hits = [], at = -1, late;
  function said(node) {
    if (texts.has(node)) return texts.get(node);
    const walk = document.createTreeWalker(node, NodeFilter.SHOW_TEXT), pieces = [], starts = [];
    let text = '';
    for (let piece; (piece = walk.nextNode());) {
      if (piece.parentNode.closest('header')) continue;
      pieces.push(piece);
      starts.push(text.length);
      text += piece.data;
    }
    texts.set(node, {text, pieces, starts});
    return texts.get(node);
  }
  function place({pieces, starts}, index) {
    let low = 0, high = starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (starts[middle] <= index) low = middle; else high = middle - 1;
    }
    return [pieces[low], index - starts[low]];
  }
  function range(node, start, end) {
    const words = said(node);
    const [startContainer, startOffset] = place(words, start), [endContainer, last] = place(words, end - 1);
    return new StaticRange({startContainer, startOffset, endContainer, endOffset: last + 1});
  }
  function search() {
    const words = find.value.trim();
    [hits, at] = [[], -1];
    if (words) {
      const wanted = new RegExp(words.replace(/[.*+?^${}()|[\]\\/-]/g, '\\$&').replace(/\s+/g, '\\s+'), 'gi');
      const inOrder = [...talk.children, ...nodes.filter(node => node.parentNode !== talk)];
      outer: for (const node of inOrder.filter(one => named.has(one.id))) {
        for (const found of said(node).text.matchAll(wanted)) {
          hits.push({node, range: range(node, found.index, found.index + found[0].length)});
          if (hits.length === MOST) break outer;
        }
      }
    }
    paint();
  }
  function paint() {
    const more = hits.length === MOST ? '+' : '';
    const number = hits.length.toLocaleString('en') + more;
    count.value = !find.value.trim() ? '' : !hits.length ? 'no hit' : at < 0 ? `${number} hit${hits.length > 1 ? 's' : ''}` : `${at + 1} of ${number}`;
    for (const id of ['before', 'after']) by(id).disabled = !hits.length;
    if (!CSS.highlights) return;
    CSS.highlights.set('hits', new Highlight(...hits.map(hit => hit.range)));
    CSS.highlights.set('hit', new Highlight(...(at < 0 ? [] : [hits[at].range])));
    CSS.highlights.get('hit').priority = 1;
  }
  function go(step) {
    clearTimeout(late);
    if (late) search();
    late = 0;
    if (!hits.length) return;
    at = at < 0 ? (step > 0 ? 0 : hits.length - 1) : (at + step + hits.length) % hits.length;
    const {node, range} = hits[at];
    show(node);
    const place = range.startContainer.parentElement;
    for (let box = place; box; box = box.parentElement) if (box.tagName === 'DETAILS') box.open = true;
    place.scrollIntoView({block: 'center'});
    paint();
  }
  find.addEventListener('input', () => {
    clearTimeout(late);
    late = setTimeout(() => { late = 0; search(); }, 120);
  });
  find.addEventListener('keydown', event => {
    if (event.key === 'Enter') go(event.shiftKey ? -1 : 1);
    else if (event.key === 'Escape') { find.value = ''; late = 0; search(); find.blur(); }
    else return;
    event.preventDefault();
  });
  by('after').addEventListener('click', () => go(1));
  by('before').addEventListener('click', () => go(-1));
  paint();

  // Folding, the list of turns on a narrow page, the theme, keys.
  by('fold').addEventListener('click', ({target}) => {
    const open = target.getAttribute('aria-pressed') !== 'true';
    for (const box of document.querySelectorAll('main details:not(#others)')) box.open = open;
    target.setAttribute('aria-pressed', open);
    target.textContent = open ? 'Fold all' : 'Unfold all';
  });
  by('list').addEventListener('click', ({target}) => {
    target.setAttribute('aria-expanded', turns.classList.toggle('open'));
  });
  by('theme').addEventListener('click', () => {
    const root = document.documentElement;
    const dark = (root.dataset.theme || (matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light')) === 'dark';
    root.dataset.theme = dark ? 'light' : 'dark';
  });
  function step(by) {
    const top = node => node.getBoundingClientRect().top, line = 120;
    const all = [...talk.children].filter(node => named.has(node.id));
    const next = by > 0 ? all.find(node => top(node) > line) : all.findLast(node => top(node) < line - 60);
    if (next) reveal(next.id);
  }
  addEventListener('keydown', event => {
    if (event.target.closest('input, textarea') || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === '/') { find.focus(); find.select(); } else if (event.key === 'j') step(1);
    else if (event.key === 'k') step(-1); else return;
    event.preventDefault();
  });
})();
