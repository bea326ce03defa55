//===- Passes.td - Passes that guard the pipeline ---------------*- tablegen -*-===//

#ifndef TEGULA_PIPELINE_PASSES
#define TEGULA_PIPELINE_PASSES

include "mlir/Pass/PassBase.td"

def VerifyContractPass : Pass<"tegula-verify-contract"> {
  let summary = "Check that only a stage's dialects are left";
  let description = [{
    Emits one error per operation whose dialect the named stage does not allow;
    the table of stages is Contracts.def. After `graph`, operations that compute
    tensors must be in a `graph.kernel`; after `schedule`, every kernel must have
    a schedule.
  }];
  let options = [
    Option<"stage", "stage", "std::string", /*default=*/"",
           "Name of the stage whose contract to check">
  ];
}

#endif // TEGULA_PIPELINE_PASSES
