// Loads the Cypress plugin cypress-mailpit in Node as Cypress's bundler does: its files
// are modules, and name each other without their extensions.
import { register } from "node:module";

const hooks = `
export const resolve = (name, context, next) =>
  next(context.parentURL?.includes("/cypress-mailpit/") && name.startsWith(".") ? name + ".js" : name, context);
export const load = (url, context, next) =>
  next(url, url.includes("/cypress-mailpit/") ? { ...context, format: "module" } : context);
`;

register(`data:text/javascript,${encodeURIComponent(hooks)}`);
