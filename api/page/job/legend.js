/** The legend of the colours and patterns of emotions. */
import { h } from "../dom.js";
import { emotionName } from "../i18n.js";
import { EMOTIONS, createSwatch } from "../palette.js";

/** @param {Set<string>} emotions */
export const createLegendOf = (emotions) =>
  h("ul.legend", {}, ...EMOTIONS.filter((emotion) => emotions.has(emotion)).map((emotion) =>
    h("li", {}, createSwatch(emotion), emotionName(emotion))));
