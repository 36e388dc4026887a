/* Puts a widget in the place of its static form. The form is an output like any other, and is all that a saved notebook
 * keeps; it holds a mark by which it is found here, also after the page was loaded again or the cell scrolled away and
 * back. Where a page has no such output, as in other editors, the form stays and is used as it is. */
const FORMS = mark => [`a[name="${mark}"]`, `img[src*="${mark}"]`, `svg[id="${mark}"]`].join(',');

const standIn = (mark, widget) => {
  let form = null, again = 0;
  const leave = () => { if (form) form.style.display = ''; form = null; widget.remove(); };
  const stands = () => widget.isConnected && form.isConnected && form.querySelector(FORMS(mark));
  const enter = () => {
    leave();
    form = document.querySelector(FORMS(mark))?.closest('.jp-OutputArea-output') ?? null;
    if (!form) return;
    form.style.display = 'none';
    form.after(widget);
  };
  const look = () => {  // no page tells when it draws anew; looking through all of it for what is gone is rare
    if (!stands()) enter();
    again = setTimeout(look, form ? 200 : 1000);
  };
  look();
  return () => { clearTimeout(again); leave(); };
};

/* Keeps what is typed here from the notebook, which has its own meaning for most keys. */
const keepKeys = el => {
  el.dataset.lmSuppressShortcuts = 'true';
  for (const kind of ['keydown', 'keyup', 'keypress']) el.addEventListener(kind, event => event.stopPropagation());
};

/* A widget is drawn once, wherever it is: `draw(el, model)` returns nothing. */
const live = draw => ({
  initialize({ model }) {
    const el = document.createElement('div');
    keepKeys(el);
    draw(el, model);
    const leave = standIn(model.get('mark'), el);
    model.on('comm_live_update', leave);  // its kernel was restarted, or is gone
    return leave;
  },
});

