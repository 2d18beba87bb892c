# Rooms: one static library each, linked along the arrows of tools/rooms.txt and along no other.

set(BACKOUT_ROOMS "")
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/tools/rooms.txt")
file(STRINGS "${PROJECT_SOURCE_DIR}/tools/rooms.txt" backout_room_lines REGEX "^[a-z]")
foreach(line IN LISTS backout_room_lines)
    string(REGEX MATCH "^([a-z]+) +([a-z/]+): *(.*)$" matched "${line}")
    if(NOT matched)
        message(FATAL_ERROR "tools/rooms.txt: can't read the line '${line}'")
    endif()
    set(room "${CMAKE_MATCH_1}")
    set(BACKOUT_ROOM_${room}_DIRECTORY "${CMAKE_MATCH_2}")
    string(REGEX MATCHALL "[a-z]+" BACKOUT_ROOM_${room}_MAY_DEPEND "${CMAKE_MATCH_3}")
    list(APPEND BACKOUT_ROOMS "${room}")
endforeach()

# What nearly every file includes, compiled once. That each header includes what it needs is checked without it, by
# backout_header_check.
set(BACKOUT_COMMON_HEADERS <nlohmann/json.hpp> <algorithm> <functional> <map> <memory> <optional> <set> <string> <variant> <vector>)
set(BACKOUT_TEST_HEADERS ${BACKOUT_COMMON_HEADERS} <gtest/gtest.h>)

# backout_precompile(target headers...): no effect unless BACKOUT_PCH is on.
function(backout_precompile target list)
    if(NOT BACKOUT_PCH)
        return()
    endif()
    set(shared "backout_${list}_pch")
    if(NOT TARGET ${shared})
        file(CONFIGURE OUTPUT "${PROJECT_BINARY_DIR}/${shared}.cpp" CONTENT "int main() {}\n")
        if(list STREQUAL "test")
            # A program, as its users are: code for programs and for libraries is compiled with different flags.
            add_executable(${shared} "${PROJECT_BINARY_DIR}/${shared}.cpp")
            target_link_libraries(${shared} PRIVATE nlohmann_json::nlohmann_json GTest::gtest)
            target_precompile_headers(${shared} PRIVATE ${BACKOUT_TEST_HEADERS})
        else()
            add_library(${shared} OBJECT "${PROJECT_BINARY_DIR}/${shared}.cpp")
            target_link_libraries(${shared} PRIVATE nlohmann_json::nlohmann_json)
            target_precompile_headers(${shared} PRIVATE ${BACKOUT_COMMON_HEADERS})
        endif()
    endif()
    target_precompile_headers(${target} REUSE_FROM ${shared})
endfunction()

# backout_room(NAME room [SOURCES a.cpp ...] [HEADERS a.h ...] [DEPENDS rooms...] [LIBRARIES external targets...])
#
# Creates the static library backout_<room>. Includes name the room: "base/error.h", "journal/record.h".
# A room without sources yet is an INTERFACE library, so that the others can link it already.
# HEADERS are compiled alone by the target backout_header_check, and installed under include/backout/<room>.
# BACKOUT_VERSION is defined in the rooms session and cli.
# LIBRARIES are linked privately: an external library never shows in a room's headers.
function(backout_room)
    cmake_parse_arguments(PARSE_ARGV 0 arg "" "NAME" "SOURCES;HEADERS;DEPENDS;LIBRARIES")
    if(arg_UNPARSED_ARGUMENTS)
        message(FATAL_ERROR "backout_room(${arg_NAME}): unknown arguments '${arg_UNPARSED_ARGUMENTS}'")
    endif()
    if(NOT arg_NAME IN_LIST BACKOUT_ROOMS)
        message(FATAL_ERROR "backout_room: tools/rooms.txt knows no room '${arg_NAME}'")
    endif()
    foreach(dependency IN LISTS arg_DEPENDS)
        if(NOT dependency IN_LIST BACKOUT_ROOM_${arg_NAME}_MAY_DEPEND)
            message(FATAL_ERROR "The room '${arg_NAME}' may not depend on '${dependency}': "
                                "tools/rooms.txt lists its arrows, and they only go down.")
        endif()
    endforeach()

    set(target "backout_${arg_NAME}")
    set(scope PUBLIC)
    if(arg_SOURCES)
        add_library(${target} STATIC ${arg_SOURCES})
        target_link_libraries(${target} PRIVATE ${arg_LIBRARIES})
        backout_precompile(${target} common)
    else()
        add_library(${target} INTERFACE)
        target_link_libraries(${target} INTERFACE ${arg_LIBRARIES})
        set(scope INTERFACE)
    endif()
    target_include_directories(${target} ${scope} "${PROJECT_SOURCE_DIR}/src" "${PROJECT_SOURCE_DIR}")
    list(TRANSFORM arg_DEPENDS PREPEND "backout_")
    target_link_libraries(${target} ${scope} ${arg_DEPENDS})

    # The rooms that tell people which version they talk to; a definition for all would rebuild all at each release.
    if(arg_SOURCES AND arg_NAME MATCHES "^(session|cli)$")
        target_compile_definitions(${target} PRIVATE "BACKOUT_VERSION=\"${PROJECT_VERSION}\"")
    endif()

    set(headers ${arg_HEADERS})
    list(TRANSFORM headers PREPEND "${CMAKE_CURRENT_SOURCE_DIR}/")
    set_property(TARGET ${target} PROPERTY BACKOUT_HEADERS "${headers}")
    set_property(TARGET ${target} PROPERTY BACKOUT_LIBRARIES "${arg_LIBRARIES}")
endfunction()

# backout_tests(NAME executable SOURCES ... [DEPENDS rooms...] [LIBRARIES external targets...] [LABELS labels...]
#               [TIMEOUT seconds])
#
# A GoogleTest executable whose tests ctest discovers when it starts (so that building doesn't run them).
function(backout_tests)
    cmake_parse_arguments(PARSE_ARGV 0 arg "" "NAME;TIMEOUT" "SOURCES;DEPENDS;LIBRARIES;LABELS")
    if(arg_UNPARSED_ARGUMENTS)
        message(FATAL_ERROR "backout_tests(${arg_NAME}): unknown arguments '${arg_UNPARSED_ARGUMENTS}'")
    endif()
    if(NOT arg_SOURCES)
        return()
    endif()
    if(NOT arg_LABELS)
        set(arg_LABELS unit)
    endif()
    if(NOT arg_TIMEOUT)
        set(arg_TIMEOUT 120)
    endif()
    list(TRANSFORM arg_DEPENDS PREPEND "backout_")
    add_executable(${arg_NAME} ${arg_SOURCES})
    target_link_libraries(${arg_NAME} PRIVATE ${arg_DEPENDS} ${arg_LIBRARIES} GTest::gmock GTest::gtest_main)
    target_include_directories(${arg_NAME} PRIVATE "${PROJECT_SOURCE_DIR}/tests")
    backout_precompile(${arg_NAME} test)
    gtest_discover_tests(${arg_NAME}
        TEST_PREFIX "${arg_NAME}/"
        DISCOVERY_MODE PRE_TEST
        DISCOVERY_TIMEOUT 60
        PROPERTIES LABELS "${arg_LABELS}" TIMEOUT ${arg_TIMEOUT})
endfunction()

# backout_room_tests(ROOM room SOURCES a_test.cpp ... [DEPENDS more rooms...] [LIBRARIES external targets...])
#
# Creates <room>_tests (label unit), linked with the room itself and DEPENDS. Without sources: nothing.
function(backout_room_tests)
    cmake_parse_arguments(PARSE_ARGV 0 arg "" "ROOM;TIMEOUT" "SOURCES;DEPENDS;LIBRARIES;LABELS")
    if(arg_UNPARSED_ARGUMENTS)
        message(FATAL_ERROR "backout_room_tests(${arg_ROOM}): unknown arguments '${arg_UNPARSED_ARGUMENTS}'")
    endif()
    set(rooms ${arg_ROOM} ${arg_DEPENDS})
    list(REMOVE_DUPLICATES rooms)
    backout_tests(NAME ${arg_ROOM}_tests SOURCES ${arg_SOURCES} DEPENDS ${rooms} LIBRARIES ${arg_LIBRARIES}
                  LABELS ${arg_LABELS} TIMEOUT ${arg_TIMEOUT})
endfunction()
