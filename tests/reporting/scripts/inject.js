// Add a script, an event handler and an image to the page; return which of the scripts ran.
async () => {
  harness.ran = [];
  const script = document.createElement("script");
  script.textContent = "harness.ran.push('inline script')";
  document.body.append(script);
  const image = new Image();
  image.alt = "";
  image.setAttribute("onerror", "harness.ran.push('event handler')");
  const settled = new Promise((resolve) => {
    image.addEventListener("load", resolve);
    image.addEventListener("error", resolve);
  });
  image.src = "/injected.png";
  document.body.append(image);
  await settled;
  return harness.ran;
}
