#pragma once
// The answers to a manifest's references: inputs, facts, outputs as far as they are known, the environment.

#include <map>
#include <string>

#include "manifest/inputs.h"
#include "manifest/manifest.h"

namespace backout {

class ManifestReferences final : public ReferenceSource {
  public:
    /// Requires: `manifest` outlives this object.
    ManifestReferences(const Manifest& manifest, InputValues inputs, EnvironmentLookup environment);

    void set_fact(const std::string& name, Json value);
    /// Outputs that are known before the run, because the action changes nothing. One that isn't in there is unknown.
    void set_outputs(const std::string& action, Json outputs);
    const InputValues& inputs() const { return inputs_; }

    ReferenceAnswer look_up(const Reference& reference) const override;

  private:
    ReferenceAnswer look_up_input(const Reference& reference) const;
    ReferenceAnswer look_up_fact(const Reference& reference) const;
    ReferenceAnswer look_up_output(const Reference& reference) const;
    ReferenceAnswer look_up_environment(const Reference& reference) const;

    const Manifest& manifest_;
    InputValues inputs_;
    EnvironmentLookup environment_;
    std::map<std::string, Json> facts_;
    std::map<std::string, Json> outputs_;
};

}  // namespace backout
