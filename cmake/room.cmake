# A room is a folder and a library: zahl_room(name FOLDER folder [APART files ...] [LIBS ...]
# [PRIVATE_LIBS ...]) takes every .cpp of the folder (not of folders in it) but those that stand
# APART in another library, so that a new file is in no list. SOURCES: a library of such files.
# Headers are included by their path from the root, of the tree as of an installation; what a room
# links is what it may see, and tests/guard/rooms.py holds the includes to the same edges.
function(zahl_room name)
  cmake_parse_arguments(ROOM "" "FOLDER" "APART;SOURCES;LIBS;PRIVATE_LIBS" ${ARGN})
  set(ROOM_FILES)
  if(ROOM_FOLDER)
    file(GLOB ROOM_FILES CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/${ROOM_FOLDER}/*.cpp)
    list(REMOVE_ITEM ROOM_FILES ${ROOM_APART})
  endif()
  add_library(zahl_${name} ${ROOM_FILES} ${ROOM_SOURCES})
  target_include_directories(zahl_${name} PRIVATE ${CMAKE_CURRENT_BINARY_DIR})
  target_link_libraries(
    zahl_${name}
    PUBLIC ${ROOM_LIBS}
    PRIVATE ${ROOM_PRIVATE_LIBS} $<BUILD_INTERFACE:zahl_warnings>
  )
  zahl_public(zahl_${name})
endfunction()

# The target is part of an installation: zahl::<name> of find_package(zahl). Libraries stand in a
# folder for each part of the tree, where level 4 of the certificate finds the device's objects.
function(zahl_public target)
  cmake_path(RELATIVE_PATH CMAKE_CURRENT_SOURCE_DIR BASE_DIRECTORY ${PROJECT_SOURCE_DIR})
  string(REGEX REPLACE "/.*" "" part ${CMAKE_CURRENT_SOURCE_DIR})
  string(REGEX REPLACE "^zahl_" "" name ${target})
  set_target_properties(${target} PROPERTIES EXPORT_NAME ${name})
  get_target_property(type ${target} TYPE)
  set(scope PUBLIC)
  if(type STREQUAL "INTERFACE_LIBRARY")
    set(scope INTERFACE)
  endif()
  target_include_directories(
    ${target}
    ${scope}
    $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}>
    $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}/zahl>
  )
  target_compile_features(${target} ${scope} cxx_std_20)
  install(
    TARGETS ${target}
    EXPORT zahlTargets
    ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR}/zahl/${part}
    LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}/zahl/${part}
  )
endfunction()
