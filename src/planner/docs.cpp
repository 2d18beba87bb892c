#include "planner/docs.h"

#include <nlohmann/json.hpp>

namespace backout {

namespace {

std::vector<ParameterDoc> parameter_docs(const std::vector<KindParameter>& parameters) {
    std::vector<ParameterDoc> docs;
    for (const KindParameter& parameter : parameters) {
        docs.push_back(ParameterDoc{parameter.name, parameter.required, parameter.description, parameter.schema});
    }
    return docs;
}

}  // namespace

std::vector<KindDoc> kind_docs(const Registry& kinds) {
    std::vector<KindDoc> docs;
    for (const std::string& name : kinds.names()) {
        const KindInfo& info = kinds.find(name)->info();
        docs.push_back(KindDoc{info.name, info.summary, parameter_docs(info.parameters)});
    }
    return docs;
}

std::vector<KindDoc> detector_docs(const DetectorRegistry& detectors) {
    std::vector<KindDoc> docs;
    for (const std::string& name : detectors.names()) {
        const DetectorInfo& info = detectors.find(name)->info();
        docs.push_back(KindDoc{info.name, info.summary, parameter_docs(info.parameters)});
    }
    return docs;
}

}  // namespace backout
