# libbackout: the rooms without the command line, as a shared and a static library, for programs that embed Backout and
# register kinds of their own. Installed with headers (include/backout/<room>), a CMake package, a pkg-config file; and
# packed as .deb.

include(CMakePackageConfigHelpers)

set(library_objects "")
set(library_links "")
foreach(room IN LISTS BACKOUT_ROOMS)
    if(room STREQUAL "cli")
        continue()
    endif()
    get_target_property(type backout_${room} TYPE)
    if(type STREQUAL "STATIC_LIBRARY")
        list(APPEND library_objects "$<TARGET_OBJECTS:backout_${room}>")
    endif()
    get_target_property(libraries backout_${room} BACKOUT_LIBRARIES)
    list(APPEND library_links ${libraries})
    get_target_property(headers backout_${room} BACKOUT_HEADERS)
    foreach(header IN LISTS headers)
        cmake_path(RELATIVE_PATH header BASE_DIRECTORY "${PROJECT_SOURCE_DIR}/${BACKOUT_ROOM_${room}_DIRECTORY}"
                   OUTPUT_VARIABLE name)
        cmake_path(GET name PARENT_PATH folder)
        install(FILES "${header}" DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}/backout/${room}/${folder}" COMPONENT dev)
    endforeach()
endforeach()
# One header for all, where there is one.
if(EXISTS "${PROJECT_SOURCE_DIR}/src/backout.h")
    install(FILES "${PROJECT_SOURCE_DIR}/src/backout.h" DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}/backout" COMPONENT dev)
endif()
list(REMOVE_DUPLICATES library_links)
list(REMOVE_ITEM library_links nlohmann_json::nlohmann_json)

# Only nlohmann's forward header shows in ours. Both include paths are needed: <backout/engine/engine.h> is what a
# program writes, "base/error.h" what the headers write among themselves.
foreach(kind IN ITEMS shared static)
    string(TOUPPER "${kind}" library_type)
    add_library(backout_${kind} ${library_type} ${library_objects})
    set_target_properties(backout_${kind} PROPERTIES OUTPUT_NAME backout LINKER_LANGUAGE CXX)
    target_compile_features(backout_${kind} INTERFACE cxx_std_20)
    target_include_directories(backout_${kind} INTERFACE
        "$<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/src>" "$<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}>"
        "$<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>" "$<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}/backout>")
    target_link_libraries(backout_${kind} PUBLIC nlohmann_json::nlohmann_json PRIVATE ${library_links} Threads::Threads)
    install(TARGETS backout_${kind} EXPORT backout-${kind}
        LIBRARY DESTINATION "${CMAKE_INSTALL_LIBDIR}" COMPONENT library NAMELINK_COMPONENT dev
        ARCHIVE DESTINATION "${CMAKE_INSTALL_LIBDIR}" COMPONENT dev)
endforeach()
# Until 1.0 any minor version may change the binary interface.
set_target_properties(backout_shared PROPERTIES
    EXPORT_NAME backout VERSION ${PROJECT_VERSION} SOVERSION ${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR})
set_target_properties(backout_static PROPERTIES EXPORT_NAME static)
add_library(backout::backout ALIAS backout_shared)
add_library(backout::static ALIAS backout_static)

if(TARGET backout)
    install(TARGETS backout RUNTIME DESTINATION "${CMAKE_INSTALL_BINDIR}" COMPONENT program)
endif()

set(package_folder "${CMAKE_INSTALL_LIBDIR}/cmake/backout")
foreach(kind IN ITEMS shared static)
    install(EXPORT backout-${kind} NAMESPACE backout:: DESTINATION "${package_folder}" COMPONENT dev)
endforeach()
configure_package_config_file(tools/cmake/backout-config.cmake.in "${PROJECT_BINARY_DIR}/backout-config.cmake"
    INSTALL_DESTINATION "${package_folder}" NO_SET_AND_CHECK_MACRO)
write_basic_package_version_file("${PROJECT_BINARY_DIR}/backout-config-version.cmake" COMPATIBILITY SameMinorVersion)
install(FILES "${PROJECT_BINARY_DIR}/backout-config.cmake" "${PROJECT_BINARY_DIR}/backout-config-version.cmake"
    "${PROJECT_SOURCE_DIR}/tools/cmake/FindLMDB.cmake" DESTINATION "${package_folder}" COMPONENT dev)

# pkg-config: libraries with a .pc file of their own are named by it, the others by their link flag.
set(BACKOUT_PC_REQUIRES_PRIVATE "")
set(BACKOUT_PC_LIBS_PRIVATE "-lpthread")
foreach(library IN LISTS library_links)
    if(library STREQUAL "OpenSSL::Crypto")
        list(APPEND BACKOUT_PC_REQUIRES_PRIVATE libcrypto)
    elseif(library STREQUAL "PkgConfig::PCRE2")
        list(APPEND BACKOUT_PC_REQUIRES_PRIVATE libpcre2-8)
    elseif(library STREQUAL "CURL::libcurl")
        list(APPEND BACKOUT_PC_REQUIRES_PRIVATE libcurl)
    elseif(library STREQUAL "LibArchive::LibArchive")
        list(APPEND BACKOUT_PC_REQUIRES_PRIVATE libarchive)
    elseif(library STREQUAL "LMDB::LMDB")
        list(APPEND BACKOUT_PC_LIBS_PRIVATE -llmdb)
    elseif(library STREQUAL "CMAKE_DL_LIBS" OR library STREQUAL "dl")
        list(APPEND BACKOUT_PC_LIBS_PRIVATE -ldl)
    elseif(NOT library MATCHES "^Threads::Threads$")
        message(FATAL_ERROR "BackoutInstall.cmake doesn't know how pkg-config calls ${library}")
    endif()
endforeach()
# From where the file stands, so that it holds for any prefix: cpack packs for another one than was configured.
file(RELATIVE_PATH BACKOUT_PC_TO_PREFIX "/${CMAKE_INSTALL_LIBDIR}/pkgconfig" "/")
string(REGEX REPLACE "/$" "" BACKOUT_PC_TO_PREFIX "${BACKOUT_PC_TO_PREFIX}")
list(JOIN BACKOUT_PC_REQUIRES_PRIVATE ", " BACKOUT_PC_REQUIRES_PRIVATE)
list(JOIN BACKOUT_PC_LIBS_PRIVATE " " BACKOUT_PC_LIBS_PRIVATE)
configure_file(tools/cmake/backout.pc.in "${PROJECT_BINARY_DIR}/backout.pc" @ONLY)
install(FILES "${PROJECT_BINARY_DIR}/backout.pc" DESTINATION "${CMAKE_INSTALL_LIBDIR}/pkgconfig" COMPONENT dev)
install(FILES "${PROJECT_SOURCE_DIR}/LICENSE" DESTINATION "${CMAKE_INSTALL_DOCDIR}" RENAME copyright COMPONENT program)

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME backout)
set(CPACK_PACKAGE_VENDOR "The Backout authors")
set(CPACK_PACKAGE_CONTACT "The Backout authors <maintainers@backout.invalid>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "${PROJECT_DESCRIPTION}")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_COMPONENTS_ALL program library dev)
if(NOT TARGET backout)
    list(REMOVE_ITEM CPACK_COMPONENTS_ALL program)
endif()
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_ENABLE_COMPONENT_DEPENDS OFF)
set(CPACK_DEBIAN_PROGRAM_PACKAGE_NAME backout)
set(CPACK_DEBIAN_PROGRAM_PACKAGE_SECTION admin)
set(CPACK_DEBIAN_LIBRARY_PACKAGE_NAME libbackout${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR})
set(CPACK_DEBIAN_LIBRARY_PACKAGE_SECTION libs)
set(CPACK_DEBIAN_DEV_PACKAGE_NAME libbackout-dev)
set(CPACK_DEBIAN_DEV_PACKAGE_SECTION libdevel)
set(CPACK_DEBIAN_DEV_PACKAGE_DEPENDS
    "${CPACK_DEBIAN_LIBRARY_PACKAGE_NAME} (= ${PROJECT_VERSION}), nlohmann-json3-dev")
set(CPACK_DEBIAN_DEV_PACKAGE_SUGGESTS
    "liblmdb-dev, libssl-dev, libpcre2-dev, libarchive-dev, libcurl4-openssl-dev")
# Loaded when they are needed, so dpkg-shlibdeps can't see them; the second name is that of newer releases.
set(backout_loaded_packages "libarchive13 | libarchive13t64, libcurl4 | libcurl4t64")
set(CPACK_DEBIAN_PROGRAM_PACKAGE_DEPENDS "${backout_loaded_packages}")
set(CPACK_DEBIAN_LIBRARY_PACKAGE_DEPENDS "${backout_loaded_packages}")
find_program(BACKOUT_SHLIBDEPS dpkg-shlibdeps)
mark_as_advanced(BACKOUT_SHLIBDEPS)
if(BACKOUT_SHLIBDEPS)
    set(CPACK_DEBIAN_PROGRAM_PACKAGE_SHLIBDEPS ON)
    set(CPACK_DEBIAN_LIBRARY_PACKAGE_SHLIBDEPS ON)
endif()
include(CPack)
