// SPDX-License-Identifier: BSD-2-Clause
//! Instructions: none may touch a register that the kernel does not save.

use anyhow::{Context, Result};
use iced_x86::{
    CpuidFeature, Decoder, DecoderOptions, Instruction, InstructionInfoFactory, Register,
};
use object::{Object, ObjectSection, SectionKind};

use crate::{Module, Report};

/// Checks every instruction of every section of code.
///
/// Compilers keep jump tables out of the code, so that reading from one end to
/// the other meets every instruction; bytes that are none are a fault.
pub fn check(module: &Module<'_>) -> Result<Report> {
    let mut info = InstructionInfoFactory::new();
    let (mut count, mut bytes) = (0_usize, 0_usize);
    let mut faults = Vec::new();
    for section in module
        .sections()
        .filter(|section| section.kind() == SectionKind::Text)
    {
        let name = section.name().unwrap_or("?");
        let code = section
            .data()
            .with_context(|| format!("section {name} cannot be read"))?;
        bytes += code.len();
        for instruction in Decoder::new(64, code, DecoderOptions::NONE) {
            count += 1;
            if let Some(reason) = fault(&instruction, &mut info) {
                let at = instruction.ip();
                faults.push(format!(
                    "{:?} at {name}+{at:#x}: {reason}",
                    instruction.mnemonic()
                ));
            }
        }
    }
    if bytes == 0 {
        faults.push("there is no code".to_owned());
    }
    Ok(Report {
        check: "instructions",
        summary: format!("{count} in {bytes} bytes; none may use SSE, AVX, x87 or MMX"),
        faults,
    })
}

/// Why the kernel must not run this instruction.
fn fault(instruction: &Instruction, info: &mut InstructionInfoFactory) -> Option<String> {
    if instruction.is_invalid() {
        return Some("this is no instruction".to_owned());
    }
    let used = info.info(instruction).used_registers();
    if let Some(register) = used
        .iter()
        .map(|used| used.register())
        .find(|r| is_extended(*r))
    {
        return Some(format!("it uses {register:?}"));
    }
    // Instructions on the whole of that state name no register. Others of SSE,
    // such as LFENCE or MOVNTI, do not touch it.
    let state = instruction.cpuid_features().iter().find(|feature| {
        matches!(
            feature,
            CpuidFeature::FPU
                | CpuidFeature::MMX
                | CpuidFeature::FXSR
                | CpuidFeature::XSAVE
                | CpuidFeature::XSAVEOPT
                | CpuidFeature::XSAVEC
                | CpuidFeature::XSAVES
        )
    });
    state.map(|feature| format!("it belongs to {feature:?}"))
}

fn is_extended(register: Register) -> bool {
    register.is_vector_register()
        || register.is_st()
        || register.is_mm()
        || register.is_k()
        || register.is_tmm()
        || register.is_bnd()
}
