//! A meeting against a scripted server and a scripted browser, in virtual time.

mod away;
mod busy;
mod chaos;
mod coming_back;
mod company;
mod devices;
mod joining;
mod media;
mod moving;
mod watching;
mod world;
