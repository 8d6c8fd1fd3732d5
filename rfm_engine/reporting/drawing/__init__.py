"""Drawing the charts of a report as static SVG."""
