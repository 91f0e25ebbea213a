// What build.mjs writes beside core.wasm.
export declare const CORE_BASE64: string;
