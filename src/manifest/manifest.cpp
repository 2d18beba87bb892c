#include "manifest/manifest.h"

namespace backout {

namespace {

template <typename Named>
const Named* find_named(const std::vector<Named>& things, const std::string& name) {
    for (const Named& thing : things) {
        if (thing.name == name) return &thing;
    }
    return nullptr;
}

}  // namespace

const InputSpecification* Manifest::find_input(const std::string& input) const {
    return find_named(inputs, input);
}
const FactSpecification* Manifest::find_fact(const std::string& fact) const {
    return find_named(facts, fact);
}

}  // namespace backout
