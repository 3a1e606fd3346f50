import i18next from "i18next";
import { initReactI18next } from "react-i18next";

import { type Dictionary, en, zh } from "./dictionary";

declare module "i18next" {
  interface CustomTypeOptions {
    resources: { translation: Dictionary };
  }
}

export const LANGUAGES = { en: "English", zh: "简体中文" } as const;
export type Language = keyof typeof LANGUAGES;

const KEPT = "sluice.language";

function first(): Language {
  const kept = localStorage.getItem(KEPT) ?? navigator.language;
  return kept.toLowerCase().startsWith("zh") ? "zh" : "en";
}

export function speak(language: Language) {
  localStorage.setItem(KEPT, language);
  document.documentElement.lang = language === "zh" ? "zh-CN" : "en";
  void i18next.changeLanguage(language);
}

void i18next.use(initReactI18next).init({
  lng: first(),
  fallbackLng: "en",
  resources: { en: { translation: en }, zh: { translation: zh } },
  interpolation: { escapeValue: false },
});
document.documentElement.lang = first() === "zh" ? "zh-CN" : "en";

export { default as i18n } from "i18next";
