// Return of each chart that is shown in an element how wide it is, by how much it is scaled, the
// size of its smallest text in pixels, and the texts that go beyond its picture.
(selector) =>
  [...document.querySelectorAll(`${selector} svg[role=img]`)]
    .map((svg) => ({ svg, box: svg.getBoundingClientRect() }))
    .filter(({ box }) => box.width)
    .map(({ svg, box }) => {
      const scale = box.width / svg.viewBox.baseVal.width;
      const texts = [...svg.querySelectorAll("text")];
      const isCut = (text) => {
        const own = text.getBoundingClientRect();
        return (
          own.left < box.left - 0.5 || own.right > box.right + 0.5 ||
          own.top < box.top - 0.5 || own.bottom > box.bottom + 0.5
        );
      };
      return {
        width: box.width,
        scale,
        size: scale * Math.min(...texts.map((text) => parseFloat(getComputedStyle(text).fontSize))),
        cut: texts.filter(isCut).map((text) => text.textContent),
      };
    })
