// Every cell of the recovery table, written down a second time by the rules of journal/RECOVERY.md rather than by the
// table's own data.

#include "engine/recovery_table.h"

#include <gtest/gtest.h>

namespace backout {
namespace {

constexpr Where kWheres[] = {Where::before, Where::after, Where::both, Where::mixed, Where::neither, Where::unreadable};
constexpr Effect kEffects[] = {Effect::atomic, Effect::tearable};
constexpr StepPhase kPhases[] = {StepPhase::in_doubt, StepPhase::failed_in_doubt, StepPhase::applied,
                                 StepPhase::undo_in_doubt, StepPhase::resolved_done};

/// The rules in words: what is back already is marked, what is ours is restored, what can't be ours is left alone.
Settlement by_the_rules(StepPhase phase, Where seen, Effect effect) {
    if (seen == Where::unreadable) return Settlement::halt;
    if (seen == Where::before || seen == Where::both) return Settlement::mark;
    if (seen == Where::after || seen == Where::mixed) return Settlement::restore;
    const bool may_be_our_tear =
        effect == Effect::tearable && phase != StepPhase::applied && phase != StepPhase::resolved_done;
    return may_be_our_tear ? Settlement::restore : Settlement::conflict;
}

TEST(RecoveryTable, GoingBackFollowsTheRulesInEveryCell) {
    int cells = 0;
    for (StepPhase phase : kPhases) {
        for (Where seen : kWheres) {
            for (Effect effect : kEffects) {
                ++cells;
                EXPECT_EQ(settle_back(phase, seen, effect), by_the_rules(phase, seen, effect))
                    << to_string(phase) << " " << to_string(seen) << " " << to_string(effect) << " gives "
                    << to_string(settle_back(phase, seen, effect));
            }
        }
    }
    EXPECT_EQ(cells, 5 * 6 * 2);
}

TEST(RecoveryTable, GoingForwardActsAgainOnlyWhereItIsSurelyBeforeOrOurOwnParts) {
    for (Effect effect : kEffects) {
        EXPECT_EQ(settle_forward(Where::before, effect), Settlement::apply);
        EXPECT_EQ(settle_forward(Where::mixed, effect), Settlement::apply);
        EXPECT_EQ(settle_forward(Where::after, effect), Settlement::mark);
        EXPECT_EQ(settle_forward(Where::both, effect), Settlement::mark);
        EXPECT_EQ(settle_forward(Where::unreadable, effect), Settlement::halt);
    }
    EXPECT_EQ(settle_forward(Where::neither, Effect::tearable), Settlement::undo_then_apply);
    EXPECT_EQ(settle_forward(Where::neither, Effect::atomic), Settlement::conflict);
}

TEST(RecoveryTable, OnlyPhasesThatMayHaveAnEffectHaveARow) {
    for (StepPhase phase : kPhases) EXPECT_TRUE(may_have_effect(phase)) << to_string(phase);
    for (StepPhase phase : {StepPhase::pending, StepPhase::settled, StepPhase::undone, StepPhase::conflict,
                            StepPhase::residue, StepPhase::resolved_undone, StepPhase::resolved_skipped}) {
        EXPECT_FALSE(may_have_effect(phase)) << to_string(phase);
    }
}

TEST(RecoveryTable, NoCellIsImpossible) {
    for (const auto& row : kBackTable) {
        for (Settlement cell : row) EXPECT_NE(cell, Settlement::impossible);
    }
    for (Settlement cell : kForwardTable) EXPECT_NE(cell, Settlement::impossible);
}

}  // namespace
}  // namespace backout
