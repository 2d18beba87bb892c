#pragma once
// What scenes are set with.

#include "host/mem_host.h"

namespace backout::simulation {

/// A file that is somebody's, with an extended attribute and a time of its own: all of it has to come back.
void put_owned(MemHost& world, const std::string& path, const Bytes& content);
/// A second name of the file at `path`.
void put_twin(MemHost& world, const std::string& path, const std::string& twin);
/// "tool apply|undo|probe PATH": a program that makes PATH.a and PATH.b, one after the other, so that it can be torn.
void add_tool(MemHost& world);
/// A plain tar archive of a few entries below one top folder.
Bytes sample_archive();

}  // namespace backout::simulation
