// Sentences by their codes. The server puts those that the scripts name before this file, as
// `crudadminSentences`, in the language of the page.
const crudadminSay = (code, args = {}) => {
  const { language, texts } = crudadminSentences;
  const counted = Object.values(args).find((arg) => typeof arg === "number");
  const form = counted === undefined ? "other" : new Intl.PluralRules(language).select(counted);
  const text = texts[code][form] ?? texts[code].other;
  return text.replace(/\{#?(\w+)\}/g, (_, name) => (typeof args[name] === "number" ? args[name].toLocaleString(language) : args[name]));
};
