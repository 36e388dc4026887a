/* Hides the static form, which is the output above the widget's, for as long as the widget is there. Where a page puts
 * its outputs in another way, the form stays: twice is better than not at all. Returns what brings the form back. */
const standIn = el => {
  let form = null, over = false;
  const watcher = new MutationObserver(() => hide());
  const show = () => { if (form) form.style.display = ''; form = null; };
  const hide = () => {
    if (over) return;
    if (!el.isConnected) { setTimeout(hide, 20); return; }
    const output = el.closest('.jp-OutputArea-child');
    if (!output || !output.previousElementSibling) return;
    if (form !== output.previousElementSibling) {  // it was replaced, as when it was drawn anew
      show();
      form = output.previousElementSibling;
      form.style.display = 'none';
    }
    watcher.observe(output.parentElement, { childList: true });
  };
  hide();
  return () => { over = true; watcher.disconnect(); show(); };
};

/* Keeps what is typed here from the notebook, which has its own meaning for most keys. */
const keepKeys = el => {
  el.dataset.lmSuppressShortcuts = 'true';
  for (const kind of ['keydown', 'keyup', 'keypress']) el.addEventListener(kind, event => event.stopPropagation());
};

