// Give each card a background of its own, which a printed page shows; return the names of the cards.
(selector) => {
  const cards = [...document.querySelectorAll(selector)];
  const rules = cards.map((card, n) => {
    card.dataset.card = n;
    return `[data-card="${n}"] { background: rgb(1, 2, ${n}) !important; opacity: 1 !important }`;
  });
  harness.restyle(rules.join("\n"));
  return cards.map((card) => card.querySelector("h1, h2, h3")?.textContent ?? harness.name(card));
}
