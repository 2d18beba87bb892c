#pragma once
// Everything that a program needs to embed Backout: sessions, plans, and the interface for kinds of its own.
// examples/embed shows both in about sixty lines.

#include "base/result.h"
#include "compensators/compensator.h"
#include "plan/plan_codec.h"
#include "planner/detectors/detector.h"
#include "session/session.h"
