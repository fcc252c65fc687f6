/**
 * @parley/protocol: everything on the wire and the room model. The leaf package: no I/O, no Node, no DOM.
 */
export * from './chat.ts';
export * from './decide.ts';
export * from './envelope.ts';
export * from './errors.ts';
export * from './ids.ts';
export * from './media.ts';
export * from './notifications.ts';
export * from './quality.ts';
export * from './requests.ts';
export * from './roomModel.ts';
