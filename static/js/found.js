// Which result was taken up, for the words it was found by.
import { took } from "otklik/typed";

export default (place) => {
  const { clicksUrl, words } = place.dataset;
  for (const kind of ["click", "auxclick"]) {
    place.addEventListener(kind, (event) => {
      const link = event.target.closest("a.line__link");
      if (link && event.button < 2) took(clicksUrl, words, link.pathname.match(/\d+$/)?.[0]);
    });
  }
};
