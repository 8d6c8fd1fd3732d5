// Runs before each page. A policy does not apply to it, nor to a constructed style sheet.
globalThis.harness = {
  violations: [],
  sheet: new CSSStyleSheet(),
  restyle(css) {
    this.sheet.replaceSync(css);
    if (!document.adoptedStyleSheets.includes(this.sheet)) {
      document.adoptedStyleSheets.push(this.sheet);
    }
  },
  name(element) {
    const words = element.textContent.trim().replace(/\s+/g, " ").slice(0, 30);
    const id = element.id && `#${element.id}`;
    return `${element.localName}${id}${words && ` "${words}"`}`;
  },
  scrolls(element) {
    return ["auto", "scroll"].includes(getComputedStyle(element).overflowX);
  },
};
addEventListener("securitypolicyviolation", (event) => {
  harness.violations.push(`${event.effectiveDirective} ${event.blockedURI}`);
});
