//! The page: a script, what it does to objects, and the SQL between.

mod app;
mod client;
mod examples;
mod i18n;
mod log;
mod paint;
mod panel;
mod settings;
mod store;
mod workspace;

fn main() {
    console_error_panic_hook::set_once();
    leptos::mount::mount_to_body(app::app);
}
