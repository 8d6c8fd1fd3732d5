// Return elements that are wider than the page, and scroll containers without a table or wide chart.
() => {
  const width = document.documentElement.clientWidth;
  const contained = (element) => {
    for (let parent = element.parentElement; parent; parent = parent.parentElement) {
      if (harness.scrolls(parent)) return true;
    }
    return false;
  };
  const sideways = new Set();
  for (const element of document.body.querySelectorAll("*")) {
    if (element.ownerSVGElement || !element.checkVisibility() || contained(element)) continue;
    const box = element.getBoundingClientRect();
    const beyond = box.width > 1 && (box.right > width + 0.5 || box.left < -0.5);
    const moves = harness.scrolls(element) && element.scrollWidth > element.clientWidth + 1;
    if (beyond || (moves && !element.querySelector("table, .scroll > .chart"))) sideways.add(element);
  }
  const outermost = [...sideways].filter((element) => !sideways.has(element.parentElement));
  return outermost.map(harness.name);
}
