# backout_header_check: every header of every room compiles alone, and twice in a row.
#
# One small source per header instead of CMake's VERIFY_INTERFACE_HEADER_SETS, which knows nothing of a room's private
# libraries, and so couldn't compile the headers that only the room itself includes.

add_custom_target(backout_header_check)
foreach(room IN LISTS BACKOUT_ROOMS)
    get_target_property(headers backout_${room} BACKOUT_HEADERS)
    get_target_property(libraries backout_${room} BACKOUT_LIBRARIES)
    if(NOT headers)
        continue()
    endif()
    set(sources "")
    foreach(header IN LISTS headers)
        cmake_path(RELATIVE_PATH header BASE_DIRECTORY "${PROJECT_SOURCE_DIR}/${BACKOUT_ROOM_${room}_DIRECTORY}"
                   OUTPUT_VARIABLE name)
        set(source "${PROJECT_BINARY_DIR}/header_check/${room}/${name}.cpp")
        file(CONFIGURE OUTPUT "${source}" CONTENT "#include \"${room}/${name}\"\n#include \"${room}/${name}\"\n")
        list(APPEND sources "${source}")
    endforeach()
    add_library(backout_header_check_${room} OBJECT ${sources})
    target_link_libraries(backout_header_check_${room} PRIVATE backout_${room} ${libraries})
    # Nothing of it is ever run.
    target_compile_options(backout_header_check_${room} PRIVATE -O0 -U_FORTIFY_SOURCE)
    add_dependencies(backout_header_check backout_header_check_${room})
endforeach()
