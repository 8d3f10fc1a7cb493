//! Stand-ins.
mod diffusion;
mod growth;
#[cfg(test)]
mod growth_laws;
mod nucleation;
