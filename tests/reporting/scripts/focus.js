// Return name and surroundings of the focused element; null when the Tab key has been everywhere.
() => {
  const element = document.activeElement;
  if (element === document.body || harness.visited.has(element)) return null;
  harness.visited.add(element);
  const stop = harness.stops.find((stop) => stop.elements.includes(element));
  const boxes = [element, ...(element.labels ?? [])].map((part) => part.getBoundingClientRect());
  const x = Math.max(0, Math.min(...boxes.map((box) => box.left)) - 8);
  const y = Math.max(0, Math.min(...boxes.map((box) => box.top)) - 8);
  const right = Math.min(innerWidth, Math.max(...boxes.map((box) => box.right)) + 8);
  const bottom = Math.min(innerHeight, Math.max(...boxes.map((box) => box.bottom)) + 8);
  const clip = { x, y, width: right - x, height: bottom - y };
  return { name: stop?.name ?? harness.name(element), clip };
}
