// Return visible texts: their boxes in the document, colour, opacity and size in pixels.
() => {
  const known = new Map();
  // What elements around a text clip it to, and the product of their opacities.
  const frame = (element) => {
    if (!element) {
      return { left: -Infinity, top: -Infinity, right: Infinity, bottom: Infinity, opacity: 1 };
    }
    if (!known.has(element)) {
      const { left, top, right, bottom, opacity } = frame(element.parentElement);
      const style = getComputedStyle(element);
      const clips = style.overflow !== "visible";
      const edge = clips ? element.getBoundingClientRect() : { left, top, right, bottom };
      known.set(element, {
        left: Math.max(left, edge.left),
        top: Math.max(top, edge.top),
        right: Math.min(right, edge.right),
        bottom: Math.min(bottom, edge.bottom),
        opacity: opacity * style.opacity,
      });
    }
    return known.get(element);
  };
  const clipped = (box, { left, top, right, bottom }) => [
    Math.max(box.left, left) + scrollX,
    Math.max(box.top, top) + scrollY,
    Math.min(box.right, right) + scrollX,
    Math.min(box.bottom, bottom) + scrollY,
  ];
  const texts = [];
  const nodes = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (nodes.nextNode()) {
    const node = nodes.currentNode;
    const element = node.parentElement;
    if (!node.data.trim() || !element.checkVisibility({ visibilityProperty: true })) continue;
    const range = document.createRange();
    range.selectNodeContents(node);
    const boxes = [...range.getClientRects()];
    if (!boxes.length) continue;
    const style = getComputedStyle(element);
    const drawn = element instanceof SVGGraphicsElement;
    const matrix = drawn && element.getScreenCTM();
    const around = frame(element);
    texts.push({
      text: node.data.trim().replace(/\s+/g, " "),
      boxes: boxes.map((box) => clipped(box, around)),
      ink: drawn ? style.fill : style.webkitTextFillColor,
      opacity: around.opacity * (drawn ? style.fillOpacity : 1),
      size: parseFloat(style.fontSize) * (drawn ? Math.hypot(matrix.a, matrix.b) : 1),
    });
  }
  return texts;
}
