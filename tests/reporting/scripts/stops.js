// List what the Tab key must reach: links, buttons, summaries, groups of radio buttons, scroll containers.
() => {
  const visible = (element) => element.checkVisibility({ visibilityProperty: true });
  const stops = [];
  for (const element of document.querySelectorAll("a[href], button, summary")) {
    if (visible(element)) stops.push({ name: harness.name(element), elements: [element] });
  }
  const groups = Map.groupBy(document.querySelectorAll("input[type=radio]"), (radio) => radio.name);
  for (const [name, radios] of groups) {
    const shown = radios.some((radio) => visible(radio) || [...radio.labels].some(visible));
    if (shown) stops.push({ name: `radio buttons ${name}`, elements: radios });
  }
  for (const element of document.body.querySelectorAll("*")) {
    const moves = harness.scrolls(element) && element.scrollWidth > element.clientWidth + 1;
    if (moves && visible(element)) stops.push({ name: harness.name(element), elements: [element] });
  }
  harness.stops = stops;
  harness.visited = new Set();
  return stops.map((stop) => stop.name);
}
