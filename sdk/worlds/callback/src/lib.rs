//! The world `callback-plugin`, for its export macro: with the types of `sluice_sdk::bindings` it exports a
//! component of this world. The types made here are used by nobody.

wit_bindgen::generate!({
    world: "callback-plugin",
    path: "../../../wit",
    pub_export_macro: true,
    export_macro_name: "export_world",
    default_bindings_module: "sluice_sdk::bindings",
    generate_all,
});
