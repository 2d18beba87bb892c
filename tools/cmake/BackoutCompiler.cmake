# How everything here is compiled: warnings, hardening, sanitizers, and the faster tools where they are installed.

include(CheckLinkerFlag)
include(CheckPIESupported)

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
check_pie_supported(LANGUAGES CXX)

if(NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CONFIGURATION_TYPES)
    set(CMAKE_BUILD_TYPE Release CACHE STRING "Debug, Release, RelWithDebInfo or MinSizeRel" FORCE)
endif()

# -O3 takes a third longer to compile and gains nothing where disks and processes are waited for.
set(CMAKE_CXX_FLAGS_RELEASE "-O2 -DNDEBUG")

add_compile_options(-Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wunused-result)
if(BACKOUT_WERROR)
    add_compile_options(-Werror)
endif()
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    # g++ 12 sees overlapping copies in `"text" + std::string()` where there are none (GCC bug 105651). The others are
    # guesses of the optimizer, which change with its version: worth reading, not worth a failed build.
    add_compile_options(-Wno-restrict -Wno-error=maybe-uninitialized -Wno-error=stringop-overflow
                        -Wno-error=stringop-overread -Wno-error=array-bounds -Wno-error=free-nonheap-object)
endif()

add_compile_options(-fstack-protector-strong)
if(NOT BACKOUT_SANITIZE)
    add_compile_options("$<$<CONFIG:Release,RelWithDebInfo>:-U_FORTIFY_SOURCE;-D_FORTIFY_SOURCE=2>")
endif()
add_link_options(LINKER:-z,relro,-z,now,-z,noexecstack)

# Assertions of ours don't look at NDEBUG; those of the standard library are worth their price in debug builds.
add_compile_definitions("$<$<CONFIG:Debug>:_GLIBCXX_ASSERTIONS>")

if(BACKOUT_SANITIZE)
    # What sanitizers add to -O2 doubles the time to compile, and finds no more.
    set(CMAKE_CXX_FLAGS_RELWITHDEBINFO "-O1 -g1 -DNDEBUG")
    add_compile_options(-fsanitize=${BACKOUT_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
    add_link_options(-fsanitize=${BACKOUT_SANITIZE})
endif()

if(BACKOUT_FUZZ)
    add_compile_options(-fsanitize=fuzzer-no-link)
endif()

find_program(BACKOUT_CCACHE ccache)
mark_as_advanced(BACKOUT_CCACHE)
if(BACKOUT_CCACHE AND NOT BACKOUT_PCH AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
    set(CMAKE_CXX_COMPILER_LAUNCHER "${BACKOUT_CCACHE}")
endif()

foreach(linker mold lld)
    check_linker_flag(CXX "-fuse-ld=${linker}" BACKOUT_LINKS_WITH_${linker})
    if(BACKOUT_LINKS_WITH_${linker})
        add_link_options("-fuse-ld=${linker}")
        break()
    endif()
endforeach()
